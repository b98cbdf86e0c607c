#!/usr/bin/env bash
# Install the foreign clients that some tests use, into a cache outside the tree. Muster itself needs none of them; a test whose
# client is missing is skipped and says so. MUSTER_TOOLS moves the cache.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools=${MUSTER_TOOLS:-$HOME/.cache/muster-tools}
mkdir -p "$tools"

missing() {
    echo "skipped: $*" >&2
}

if [ -x "$tools/bin/grpcurl" ]; then
    :
elif command -v go >/dev/null; then
    echo "muster: building grpcurl; this takes some minutes the first time" >&2
    GOBIN="$tools/bin" go install github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4 || missing "grpcurl (go install failed)"
else
    missing "grpcurl (Go is not installed)"
fi

# An environment of its own for what a requirements.txt names.
python_client() {
    local name=$1 requirements=$2 home=$tools/$3
    if ! command -v python3 >/dev/null; then
        missing "$name (python3 is not installed)"
    elif ! cmp -s "$requirements" "$home/requirements.txt"; then
        python3 -m venv "$home" &&
            "$home/bin/python" -m pip install --quiet --disable-pip-version-check -r "$requirements" >&2 &&
            cp "$requirements" "$home/requirements.txt" || missing "$name (its installation failed)"
    fi
}

# What a package.json depends on.
node_client() {
    local name=$1 package=$2 home=$tools/$3
    if ! command -v npm >/dev/null; then
        missing "$name (npm is not installed)"
    elif ! cmp -s "$package" "$home/package.json"; then
        mkdir -p "$home"
        npm install --prefix "$home" --no-audit --no-fund --loglevel=error \
            $(node -p 'Object.entries(require("./'"$package"'").dependencies).map((d) => d.join("@")).join(" ")') >&2 &&
            cp "$package" "$home/" || missing "$name (npm install failed)"
    fi
}

# A program of the Go module in a folder.
go_client() {
    local name=$1 module=$2 binary=$tools/bin/$3
    if ! command -v go >/dev/null; then
        missing "$name (Go is not installed)"
    elif [ ! -x "$binary" ] || [ -n "$(find "$module" -name '*.go' -newer "$binary")" ]; then
        mkdir -p "$tools/bin"
        go build -C "$module" -o "$binary" . || missing "$name (go build failed)"
    fi
}

# Java classes beside what a pom.xml depends on: java_client NAME HOME POM MAVEN_FLAG SOURCES...
java_client() {
    local name=$1 home=$tools/$2 pom=$3 flag=$4 sources=("${@:5}")
    if ! command -v javac >/dev/null || ! command -v mvn >/dev/null; then
        missing "$name (a JDK and Maven are needed)"
    elif ! cat "$pom" "${sources[@]}" | cmp -s - "$home/built-from"; then
        rm -rf "$home"
        mvn --quiet --batch-mode --file "$pom" $flag dependency:copy-dependencies -DoutputDirectory="$home" >&2 &&
            javac -cp "$home/*" -d "$home" "${sources[@]}" &&
            cat "$pom" "${sources[@]}" >"$home/built-from" || missing "$name (its build failed)"
    fi
}

nacos=tests/interop/nacos
node_client "grpc-js" tests/interop/node/package.json node
node_client "the Nacos SDK for Node" $nacos/node/package.json nacos-node
python_client "the Nacos SDK" $nacos/requirements.txt nacos-python
python_client "the Nacos SDK of before" $nacos/requirements-2.txt nacos-python-2
python_client "the ServiceStage SDK" tests/interop/servicestage/requirements.txt servicestage
go_client "the Nacos SDK for Go" $nacos/go nacos-go
go_client "the kie client for Go" tests/interop/kie/go kie-go
go_client "the ServiceComb client for Go" tests/interop/servicecomb/go servicecomb-go
java_client "the Nacos SDK for Java 3" nacos-java-3.1.1 $nacos/java/pom.xml -Dnacos=3.1.1 $nacos/java/{Story,Newer}.java
java_client "the Nacos SDK for Java 2" nacos-java-2.5.1 $nacos/java/pom.xml -Dnacos=2.5.1 $nacos/java/Story.java
java_client "the Nacos SDK for Java 1" nacos-java-1.4.6 $nacos/java/pom.xml -Dnacos=1.4.6 $nacos/java/Story.java
java_client "the Nacos client for administrators" nacos-maintainer $nacos/maintainer/pom.xml "" $nacos/maintainer/{Maintainer,NamingMaintainer}.java
java_client "the configuration clients of Java chassis" kie-java tests/interop/kie/java/pom.xml "" tests/interop/kie/java/Story.java
java_client "the ServiceComb client for Java" servicecomb-java tests/interop/servicecomb/java/pom.xml "" tests/interop/servicecomb/java/Story.java

rust=$nacos/rust
if ! command -v cargo >/dev/null; then
    missing "the Nacos SDK for Rust (Cargo is not installed)"
elif [ "$rust/src/main.rs" -nt "$tools/bin/nacos-rust" ] || [ "$rust/Cargo.lock" -nt "$tools/bin/nacos-rust" ]; then
    mkdir -p "$tools/bin"
    cargo build --quiet --locked --manifest-path "$rust/Cargo.toml" --target-dir "$tools/nacos-rust" &&
        cp "$tools/nacos-rust/debug/nacos-rust" "$tools/bin/" || missing "the Nacos SDK for Rust (cargo build failed)"
fi
