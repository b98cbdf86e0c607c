// Command nacos-go does with the official Go SDK what a service does, and prints what it sees. It knows nothing of Muster.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/nacos-group/nacos-sdk-go/v2/clients"
	"github.com/nacos-group/nacos-sdk-go/v2/common/constant"
	"github.com/nacos-group/nacos-sdk-go/v2/model"
	"github.com/nacos-group/nacos-sdk-go/v2/vo"
)

func main() {
	scratch, _ := os.MkdirTemp("", "nacos-go")
	defer os.RemoveAll(scratch)
	host, p, _ := strings.Cut(os.Args[1], ":")
	port, _ := strconv.ParseUint(p, 10, 64)
	httpPort := port // logins are by HTTP
	if p := os.Getenv("STORY_HTTP_PORT"); p != "" {
		httpPort, _ = strconv.ParseUint(p, 10, 64)
	}
	sc := []constant.ServerConfig{{IpAddr: host, Port: httpPort, GrpcPort: port, ContextPath: "/nacos"}}
	cc := constant.ClientConfig{TimeoutMs: 5000, NotLoadCacheAtStart: true, LogDir: scratch, CacheDir: scratch, UpdateCacheWhenEmpty: true, LogLevel: "warn",
		Username: os.Getenv("STORY_USER"), Password: os.Getenv("STORY_PASSWORD"),
		TLSCfg: constant.TLSConfig{Appointed: true, Enable: os.Getenv("STORY_CA") != "", CaFile: os.Getenv("STORY_CA"), CertFile: os.Getenv("STORY_CERT"), KeyFile: os.Getenv("STORY_KEY")}}
	param := vo.NacosClientParam{ClientConfig: &cc, ServerConfigs: sc}
	n, err := clients.NewNamingClient(param)
	fmt.Println("naming", err)
	c, err := clients.NewConfigClient(param)
	fmt.Println("config", err)
	got := make(chan int, 100)
	err = n.Subscribe(&vo.SubscribeParam{ServiceName: "go", SubscribeCallback: func(s []model.Instance, err error) {
		got <- len(s)
	}})
	fmt.Println("subscribe", err)
	wait := func(want int) {
		t := time.After(8 * time.Second)
		for {
			select {
			case x := <-got:
				if x == want {
					fmt.Println("seen", want)
					return
				}
			case <-t:
				fmt.Println("TIMEOUT waiting for", want)
				return
			}
		}
	}
	ok, err := n.RegisterInstance(vo.RegisterInstanceParam{Ip: "10.0.0.1", Port: 80, ServiceName: "go", Weight: 1, Enable: true, Healthy: true, Ephemeral: true, Metadata: map[string]string{"a": "b"}})
	fmt.Println("register", ok, err)
	wait(1)
	ok, err = n.BatchRegisterInstance(vo.BatchRegisterInstanceParam{ServiceName: "go", Instances: []vo.RegisterInstanceParam{{Ip: "10.0.0.1", Port: 81, Weight: 1, Enable: true, Healthy: true, Ephemeral: true}, {Ip: "10.0.0.2", Port: 80, Weight: 1, Enable: true, Healthy: true, Ephemeral: true}, {Ip: "10.0.0.3", Port: 80, Weight: 1, Enable: true, Healthy: true, Ephemeral: true}}})
	fmt.Println("batch", ok, err)
	wait(3)
	one, err := n.SelectOneHealthyInstance(vo.SelectOneHealthInstanceParam{ServiceName: "go"})
	fmt.Println("select", one != nil, err)
	all, err := n.GetAllServicesInfo(vo.GetAllServiceInfoParam{NameSpace: "public", PageNo: 1, PageSize: 10})
	fmt.Println("services", all.Count, all.Doms, err)
	ok, err = n.RegisterInstance(vo.RegisterInstanceParam{Ip: "10.0.0.9", Port: 70000, ServiceName: "bad", Weight: 1, Enable: true, Healthy: true, Ephemeral: true})
	fmt.Println("refused", ok, err)
	ok, err = n.DeregisterInstance(vo.DeregisterInstanceParam{Ip: "10.0.0.1", Port: 81, ServiceName: "go", Ephemeral: true})
	fmt.Println("deregister", ok, err)
	wait(0)
	ev := make(chan string, 100)
	err = c.ListenConfig(vo.ConfigParam{DataId: "app", Group: "g", OnChange: func(ns, group, id, data string) { fmt.Println("config", ns, group, id, data); ev <- data }})
	fmt.Println("listen", err)
	next := func() {
		select {
		case <-ev:
		case <-time.After(8 * time.Second):
			fmt.Println("TIMEOUT config")
		}
	}
	ok, err = c.PublishConfig(vo.ConfigParam{DataId: "app", Group: "g", Content: "one", Type: "text"})
	fmt.Println("publish", ok, err)
	next()
	ok, err = c.PublishConfig(vo.ConfigParam{DataId: "app", Group: "g", Content: "two", Type: "text"})
	next()
	data, err := c.GetConfig(vo.ConfigParam{DataId: "app", Group: "g"})
	fmt.Println("read", data, err)
	ok, err = c.PublishConfig(vo.ConfigParam{DataId: "app", Group: "g", Content: "three", CasMd5: "00000000000000000000000000000000"})
	fmt.Println("cas refused", ok, err)
	ok, err = c.DeleteConfig(vo.ConfigParam{DataId: "app", Group: "g"})
	fmt.Println("delete", ok, err)
	next()
	n.CloseClient()
	c.CloseClient()
	fmt.Println("END")
}
