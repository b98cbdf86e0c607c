package main

import (
	"errors"
	"strings"
	"time"

	"github.com/go-chassis/cari/discovery"
	"github.com/go-chassis/cari/rbac"
	sc "github.com/go-chassis/sc-client"
)

func authenticated(address, user, password string) *sc.Client {
	client, err := sc.NewClient(sc.Options{
		Endpoints: []string{address}, Timeout: 5 * time.Second, EnableAuth: true, AuthUser: &rbac.AuthUser{Username: user, Password: password},
	})
	check("client", err)
	return client
}

// withLogin does what a service does whose registry asks for an account, one that may do everything in the application shop.
func withLogin(address, user, password string) {
	client := authenticated(address, user, password)
	serviceID, err := client.RegisterService(&discovery.MicroService{AppId: "shop", ServiceName: "stock", Version: "1.0.0"})
	check("register", err)
	check("schema", client.AddSchemas(serviceID, "hello", "swagger: '2.0'"))
	instanceID, err := client.RegisterMicroServiceInstance(&discovery.MicroServiceInstance{
		ServiceId: serviceID, InstanceId: "stock-1", HostName: "host", Status: "UP", Version: "1.0.0", Endpoints: []string{"rest://10.0.0.1:8080"},
	})
	check("register instance", err)
	alive, err := client.Heartbeat(serviceID, instanceID)
	check("heartbeat", err)
	found, err := client.FindMicroServiceInstances(serviceID, "shop", "stock", "0+")
	check("find", err)
	tell("registered", map[string]any{"alive": alive, "ids": ids(found)})

	_, err = client.RegisterService(&discovery.MicroService{AppId: "bank", ServiceName: "vault", Version: "1.0.0"})
	tell("denied", map[string]any{"code": strings.Contains(errorText(err), "403205")})
	await()
	_, err = client.FindMicroServiceInstances(serviceID, "shop", "stock", "0+")
	tell("restarted", map[string]any{"unchanged": errors.Is(err, sc.ErrNotModified), "error": errorText(err)})

	_, err = authenticated(address, user, "a wrong password").RegisterService(&discovery.MicroService{ServiceName: "none", Version: "1.0.0"})
	tell("wrong", map[string]any{"error": errorText(err)})
	_, err = client.UnregisterMicroServiceInstance(serviceID, instanceID)
	check("unregister", err)
	tell("gone", nil)
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
