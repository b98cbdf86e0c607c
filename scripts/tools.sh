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

if ! command -v npm >/dev/null; then
    missing "grpc-js (npm is not installed)"
elif ! cmp -s tests/interop/node/package.json "$tools/node/package.json"; then
    mkdir -p "$tools/node"
    npm install --prefix "$tools/node" --no-audit --no-fund --loglevel=error \
        $(node -p 'Object.entries(require("./tests/interop/node/package.json").dependencies).map((d) => d.join("@")).join(" ")') >&2 &&
        cp tests/interop/node/package.json "$tools/node/" || missing "grpc-js (npm install failed)"
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

python_client "the Nacos SDK" tests/interop/nacos/requirements.txt nacos-python
python_client "the ServiceStage SDK" tests/interop/servicestage/requirements.txt servicestage

if ! command -v go >/dev/null; then
    missing "the Nacos SDK for Go (Go is not installed)"
elif [ tests/interop/nacos/go/main.go -nt "$tools/bin/nacos-go" ]; then
    mkdir -p "$tools/bin"
    go build -C tests/interop/nacos/go -o "$tools/bin/nacos-go" . || missing "the Nacos SDK for Go (go build failed)"
fi

if ! command -v go >/dev/null; then
    missing "the ServiceComb client for Go (Go is not installed)"
elif [ tests/interop/servicecomb/go/main.go -nt "$tools/bin/servicecomb-go" ]; then
    mkdir -p "$tools/bin"
    go build -C tests/interop/servicecomb/go -o "$tools/bin/servicecomb-go" . ||
        missing "the ServiceComb client for Go (go build failed)"
fi
for version in 3.1.1 2.5.1; do
    java=$tools/nacos-java-$version
    sources=(tests/interop/nacos/java/Story.java)
    [[ $version == 2.* ]] || sources+=(tests/interop/nacos/java/Newer.java)
    if ! command -v javac >/dev/null || ! command -v mvn >/dev/null; then
        missing "the Nacos SDK for Java $version (a JDK and Maven are needed)"
    elif ! cat tests/interop/nacos/java/pom.xml "${sources[@]}" | cmp -s - "$java/built-from"; then
        rm -rf "$java"
        mvn --quiet --batch-mode --file tests/interop/nacos/java/pom.xml -Dnacos="$version" \
            dependency:copy-dependencies -DoutputDirectory="$java" >&2 &&
            javac -cp "$java/*" -d "$java" "${sources[@]}" &&
            cat tests/interop/nacos/java/pom.xml "${sources[@]}" >"$java/built-from" ||
            missing "the Nacos SDK for Java $version (its build failed)"
    fi
done

java=$tools/servicecomb-java
sources=(tests/interop/servicecomb/java/pom.xml tests/interop/servicecomb/java/Story.java)
if ! command -v javac >/dev/null || ! command -v mvn >/dev/null; then
    missing "the ServiceComb client for Java (a JDK and Maven are needed)"
elif ! cat "${sources[@]}" | cmp -s - "$java/built-from"; then
    rm -rf "$java"
    mvn --quiet --batch-mode --file "${sources[0]}" dependency:copy-dependencies -DoutputDirectory="$java" >&2 &&
        javac -cp "$java/*" -d "$java" "${sources[1]}" &&
        cat "${sources[@]}" >"$java/built-from" ||
        missing "the ServiceComb client for Java (its build failed)"
fi
