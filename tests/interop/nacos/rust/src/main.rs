//! The official Rust SDK as a program: does what each line of its input says, and tells in JSON what happens. Knows nothing of Muster.

use std::io::BufRead;
use std::sync::Arc;

use nacos_sdk::api::config::{ConfigChangeListener, ConfigResponse, ConfigService, ConfigServiceBuilder};
use nacos_sdk::api::naming::{NamingChangeEvent, NamingEventListener, NamingService, NamingServiceBuilder, ServiceInstance};
use nacos_sdk::api::props::ClientProps;
use serde_json::{json, Value};

type Failure = Box<dyn std::error::Error>;

struct Pushed;

impl NamingEventListener for Pushed {
    fn event(&self, event: Arc<NamingChangeEvent>) {
        let found = event.instances.clone().unwrap_or_default();
        let mut hosts: Vec<String> = found.iter().map(|each| format!("{}:{}", each.ip, each.port)).collect();
        hosts.sort();
        let healthy: Vec<bool> = found.iter().map(|each| each.healthy).collect();
        println!("{}", json!({"event": "push", "hosts": hosts, "healthy": healthy}));
    }
}

struct Changed;

impl ConfigChangeListener for Changed {
    fn notify(&self, config: ConfigResponse) {
        println!("{}", json!({"event": "config", "data_id": config.data_id(), "content": config.content()}));
    }
}

struct Story {
    naming: NamingService,
    config: ConfigService,
}

impl Story {
    async fn act(&self, verb: &str, words: &[&str]) -> Result<Value, Failure> {
        let name = words.first().unwrap_or(&"").to_string();
        let group = || "g".to_string();
        let text = || Some("text".to_string());
        Ok(match verb {
            "register" => {
                let mut one = instance(words[1]);
                one.metadata = [("by".to_string(), "sdk".to_string())].into();
                self.naming.register_instance(name, None, one).await?;
                json!(true)
            }
            "batch" => {
                let many = words[1..].iter().map(|ip| instance(ip)).collect();
                self.naming.batch_register_instance(name, None, many).await?;
                json!(true)
            }
            "deregister" => {
                self.naming.deregister_instance(name, None, instance(words[1])).await?;
                json!(true)
            }
            "subscribe" => {
                self.naming.subscribe(name, None, vec![], Arc::new(Pushed)).await?;
                json!(true)
            }
            "instances" => {
                let found = self.naming.select_instances(name, None, vec![], false, true).await?;
                let mut ips: Vec<String> = found.into_iter().map(|each| each.ip).collect();
                ips.sort();
                json!(ips)
            }
            "services" => {
                let (names, count) = self.naming.get_service_list(1, 10, None).await?;
                json!([count, names])
            }
            "listen" => {
                self.config.add_listener(name, group(), Arc::new(Changed)).await?;
                json!(true)
            }
            "publish" => json!(self.config.publish_config(name, group(), words[1].to_string(), text()).await?),
            "cas" => json!(self.config.publish_config_cas(name, group(), words[1].to_string(), text(), words[2].to_string()).await?),
            "read" => json!(self.config.get_config(name, group()).await?.content()),
            "remove" => json!(self.config.remove_config(name, group()).await?),
            _ => return Err(verb.into()),
        })
    }
}

fn instance(ip: &str) -> ServiceInstance {
    ServiceInstance { ip: ip.to_string(), port: 80, ..Default::default() }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let address = std::env::args().nth(1).ok_or("address")?;
    let (host, port) = address.rsplit_once(':').ok_or("port")?;
    let port: u16 = port.parse()?;
    let properties = ClientProps::new().remote_grpc_port(port).load_cache_at_start(false).naming_push_empty_protection(false);
    let (naming, config) = match std::env::var("STORY_USER") {
        Ok(user) => {
            let properties = properties
                .server_addr(format!("{host}:{}", std::env::var("STORY_HTTP_PORT")?))
                .auth_username(user)
                .auth_password(std::env::var("STORY_PASSWORD")?);
            (
                NamingServiceBuilder::new(properties.clone()).enable_auth_plugin_http(),
                ConfigServiceBuilder::new(properties).enable_auth_plugin_http(),
            )
        }
        Err(_) => {
            let properties = properties.server_addr(&address);
            (NamingServiceBuilder::new(properties.clone()), ConfigServiceBuilder::new(properties))
        }
    };
    let (naming, config) = (naming.build().await?, config.build().await?);
    let story = Story { naming, config };
    println!("{}", json!({"event": "ready"}));
    let (lines, mut said) = tokio::sync::mpsc::channel(16);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if lines.blocking_send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = said.recv().await {
        let words: Vec<&str> = line.split(' ').collect();
        match story.act(words[0], &words[1..]).await {
            Ok(answer) => println!("{}", json!({"event": "done", "what": words, "answer": answer})),
            Err(error) => println!("{}", json!({"event": "failed", "what": words, "error": error.to_string()})),
        }
    }
    Ok(())
}
