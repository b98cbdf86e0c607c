// Does what it is told on its standard input, one JSON object a line, with go-chassis' kie client, and tells what came of it.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/go-chassis/kie-client"
)

type command struct {
	Do       string            `json:"do"`
	ID       string            `json:"id"`
	Key      string            `json:"key"`
	Value    string            `json:"value"`
	Status   string            `json:"status"`
	Wait     string            `json:"wait"`
	Labels   map[string]string `json:"labels"`
	Exact    bool              `json:"exact"`
	Revision int               `json:"revision"`
}

func tell(event string, fields map[string]any, err error) {
	if err != nil {
		fields = map[string]any{"error": err.Error()}
	}
	fields["event"] = event
	line, _ := json.Marshal(fields)
	fmt.Println(string(line))
}

func shown(kv *kie.KVDoc) map[string]any {
	if kv == nil {
		return nil
	}
	return map[string]any{"id": kv.ID, "key": kv.Key, "value": kv.Value, "labels": kv.Labels, "status": kv.Status}
}

func do(client *kie.Client, c command) {
	ctx := context.Background()
	request := kie.KVRequest{ID: c.ID, Key: c.Key, Value: c.Value, Status: c.Status, Labels: c.Labels}
	switch c.Do {
	case "create":
		kv, err := client.Create(ctx, request)
		tell(c.Do, shown(kv), err)
	case "put":
		kv, err := client.Put(ctx, request)
		tell(c.Do, shown(kv), err)
	case "get":
		kv, err := client.Get(ctx, c.ID)
		tell(c.Do, shown(kv), err)
	case "delete":
		tell(c.Do, map[string]any{}, client.Delete(ctx, c.ID))
	case "list":
		options := []kie.GetOption{kie.WithLabels(c.Labels), kie.WithRevision(c.Revision), kie.WithWait(c.Wait)}
		if c.Exact {
			options = append(options, kie.WithExact())
		}
		found, revision, err := client.List(ctx, options...)
		if err != nil {
			tell(c.Do, nil, err)
			return
		}
		values := map[string]string{}
		for _, kv := range found.Data {
			values[kv.Key] = kv.Value
		}
		tell(c.Do, map[string]any{"values": values, "revision": revision}, nil)
	}
}

func main() {
	client, err := kie.NewClient(kie.Config{Endpoint: os.Args[1]})
	if err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			panic(err)
		}
		if c.Wait != "" {
			tell("waits", map[string]any{}, nil)
		}
		do(client, c)
	}
}
