// Command servicecomb-go does with the official Go client what services do, and tells in JSON what it sees. It knows nothing of Muster.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sort"
	"time"

	"github.com/go-chassis/cari/discovery"
	sc "github.com/go-chassis/sc-client"
)

var said = bufio.NewScanner(os.Stdin)

func tell(event string, fields map[string]any) {
	if fields == nil {
		fields = map[string]any{}
	}
	fields["event"] = event
	line, _ := json.Marshal(fields)
	fmt.Println(string(line))
}

func check(what string, err error) {
	if err != nil {
		tell("failed", map[string]any{"what": what, "error": err.Error()})
		os.Exit(1)
	}
}

func await() {
	if !said.Scan() {
		os.Exit(1)
	}
}

func ids(instances []*discovery.MicroServiceInstance) []string {
	found := []string{}
	for _, instance := range instances {
		found = append(found, instance.InstanceId)
	}
	sort.Strings(found)
	return found
}

func main() {
	if len(os.Args) == 4 {
		withLogin(os.Args[1], os.Args[2], os.Args[3])
		return
	}
	client, err := sc.NewClient(sc.Options{Endpoints: []string{os.Args[1]}, Timeout: 5 * time.Second})
	check("client", err)

	provider := &discovery.MicroService{AppId: "shop", ServiceName: "stock", Version: "1.0.0", Environment: "development"}
	known, _ := client.GetMicroServiceID("shop", "stock", "1.0.0", "development")
	tell("absent", map[string]any{"id": known})
	providerID, err := client.RegisterService(provider)
	check("register provider", err)
	consumerID, err := client.RegisterService(&discovery.MicroService{
		AppId: "shop", ServiceName: "basket", Version: "0.1", Environment: "development", Properties: map[string]string{"a": "1"},
	})
	check("register consumer", err)
	known, err = client.GetMicroServiceID("shop", "stock", "1.0.0", "development")
	check("id", err)
	tell("registered", map[string]any{"provider": providerID, "same": known == providerID})

	check("schema", client.AddSchemas(providerID, "hello", "swagger: '2.0'"))
	text, err := client.GetSchema(providerID, "hello")
	check("get schema", err)
	service, err := client.GetMicroService(providerID)
	check("get service", err)
	tell("schema", map[string]any{"text": string(text), "declared": service.Schemas})
	_, err = client.UpdateMicroServiceProperties(consumerID, &discovery.MicroService{Properties: map[string]string{"b": "2"}})
	check("properties", err)

	_, err = client.FindMicroServiceInstances(consumerID, "shop", "none", "0+")
	tell("unknown", map[string]any{"is_known_error": errors.Is(err, sc.ErrMicroServiceNotExists)})
	found, err := client.FindMicroServiceInstances(consumerID, "shop", "stock", "0+")
	check("find", err)
	tell("found", map[string]any{"ids": ids(found)})

	check("watch", client.WatchMicroService(consumerID, func(event *sc.MicroServiceInstanceChangedEvent) {
		tell("watched", map[string]any{
			"action": event.Action, "name": event.Key.ServiceName, "id": event.Instance.InstanceId, "status": event.Instance.Status, "zone": event.Instance.Properties["zone"],
		})
	}))
	time.Sleep(500 * time.Millisecond) // the client does not say when its watch has begun

	instance := &discovery.MicroServiceInstance{
		ServiceId: providerID, InstanceId: "stock-1", HostName: "host", Status: "UP", Version: "1.0.0",
		Endpoints:   []string{"rest://10.0.0.1:8080?sslEnabled=false", "highway://10.0.0.1:7070"},
		HealthCheck: &discovery.HealthCheck{Mode: "push", Interval: 5, Times: 3},
		Properties:  map[string]string{"zone": "a"},
	}
	instanceID, err := client.RegisterMicroServiceInstance(instance)
	check("register instance", err)
	tell("instance", map[string]any{"id": instanceID})
	await()

	alive, err := client.Heartbeat(providerID, instanceID)
	check("heartbeat", err)
	found, err = client.FindMicroServiceInstances(consumerID, "shop", "stock", "0+")
	check("find again", err)
	_, err = client.FindMicroServiceInstances(consumerID, "shop", "stock", "0+")
	tell("revision", map[string]any{"alive": alive, "endpoints": found[0].Endpoints, "unchanged": errors.Is(err, sc.ErrNotModified)})
	_, err = client.UpdateMicroServiceInstanceStatus(providerID, instanceID, "DOWN")
	check("status", err)
	_, err = client.UpdateMicroServiceInstanceProperties(providerID, instanceID, &discovery.MicroServiceInstance{
		Properties: map[string]string{"zone": "b"},
	})
	check("instance properties", err)
	providers, err := client.GetProviders(consumerID)
	check("providers", err)
	tell("providers", map[string]any{"name": providers.Services[0].ServiceName, "count": len(providers.Services)})
	batch, err := client.BatchFindInstances(consumerID, []*discovery.FindService{
		{Service: &discovery.MicroServiceKey{AppId: "shop", ServiceName: "stock", Version: "0+", Environment: "development"}},
		{Service: &discovery.MicroServiceKey{AppId: "shop", ServiceName: "none", Version: "0+", Environment: "development"}},
	})
	check("batch", err)
	tell("batch", map[string]any{"updated": len(batch.Services.Updated), "failed": batch.Services.Failed[0].Indexes})
	peers, err := client.Health()
	check("health", err)
	tell("health", map[string]any{"endpoints": peers[0].Endpoints})
	tell("before", nil)
	await() // the server was killed and is back

	for {
		if alive, err = client.Heartbeat(providerID, instanceID); err == nil {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	found, err = client.FindMicroServiceInstances(consumerID, "shop", "stock", "0+", sc.WithoutRevision())
	check("find after", err)
	text, err = client.GetSchema(providerID, "hello")
	check("schema after", err)
	tell("after", map[string]any{"alive": alive, "ids": ids(found), "schema": string(text)})
	await() // the watch is back: it begins anew after a pause of its own

	_, err = client.UnregisterMicroServiceInstance(providerID, instanceID)
	check("unregister", err)
	await()
	_, err = client.UnregisterMicroService(providerID)
	check("unregister service", err)
	_, err = client.GetMicroService(providerID)
	tell("gone", map[string]any{"error": err != nil})
}
