import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.eventbus.EventBus;
import com.google.common.eventbus.Subscribe;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.servicecomb.http.client.auth.RequestAuthHeaderProvider;
import org.apache.servicecomb.http.client.common.HttpConfiguration.SSLProperties;
import org.apache.servicecomb.service.center.client.DiscoveryEvents.InstanceChangedEvent;
import org.apache.servicecomb.service.center.client.DiscoveryEvents.PullInstanceEvent;
import org.apache.servicecomb.service.center.client.RegistrationEvents.HeartBeatEvent;
import org.apache.servicecomb.service.center.client.RegistrationEvents.MicroserviceInstanceRegistrationEvent;
import org.apache.servicecomb.service.center.client.ServiceCenterAddressManager;
import org.apache.servicecomb.service.center.client.ServiceCenterClient;
import org.apache.servicecomb.service.center.client.ServiceCenterDiscovery;
import org.apache.servicecomb.service.center.client.ServiceCenterRegistration;
import org.apache.servicecomb.service.center.client.ServiceCenterWatch;
import org.apache.servicecomb.service.center.client.model.HealthCheck;
import org.apache.servicecomb.service.center.client.model.HealthCheckMode;
import org.apache.servicecomb.service.center.client.model.Microservice;
import org.apache.servicecomb.service.center.client.model.MicroserviceInstance;
import org.apache.servicecomb.service.center.client.model.MicroserviceInstanceStatus;
import org.apache.servicecomb.service.center.client.model.RbacTokenRequest;
import org.apache.servicecomb.service.center.client.model.SchemaInfo;
import org.apache.servicecomb.service.center.client.model.ServiceCenterConfiguration;

/** Does with the client of Java chassis what services do, and tells in JSON what it sees. It knows nothing of Muster. */
public class Story {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final RequestAuthHeaderProvider NOBODY = request -> new HashMap<>();

  private final SSLProperties plain = new SSLProperties();
  private final Map<String, String> headers = new HashMap<>();
  private final String address;
  private final RequestAuthHeaderProvider who;

  /** Address, and the name and the password of an account if the registry asks for one. */
  Story(String[] arguments) {
    address = arguments[0];
    plain.setEnabled(false);
    headers.put("x-domain-name", "default");
    if (arguments.length < 3) {
      who = NOBODY;
      return;
    }
    ServiceCenterAddressManager addresses = new ServiceCenterAddressManager("default", List.of("http://" + address), new EventBus());
    RbacTokenRequest login = new RbacTokenRequest();
    login.setName(arguments[1]);
    login.setPassword(arguments[2]);
    String token = new ServiceCenterClient(addresses, plain, NOBODY, "default", headers).queryToken(login).getToken();
    who = request -> Map.of("Authorization", "Bearer " + token);
  }

  static synchronized void tell(String event, Object... fields) {
    Map<String, Object> line = new HashMap<>();
    line.put("event", event);
    for (int i = 0; i < fields.length; i += 2) {
      line.put((String) fields[i], fields[i + 1]);
    }
    try {
      System.out.println(JSON.writeValueAsString(line));
    } catch (Exception error) {
      throw new IllegalStateException(error);
    }
  }

  /** One service: registers, beats, finds what it calls by polling, and sooner by watching. */
  class Service {
    final EventBus bus = new EventBus();
    final ServiceCenterAddressManager addresses = new ServiceCenterAddressManager("default", List.of("http://" + address), bus);
    final ServiceCenterClient client = new ServiceCenterClient(addresses, plain, who, "default", headers);
    final ServiceCenterRegistration registration =
        new ServiceCenterRegistration(client, new ServiceCenterConfiguration(), bus);
    final ServiceCenterDiscovery discovery = new ServiceCenterDiscovery(client, bus);
    final ServiceCenterWatch watch = new ServiceCenterWatch(addresses, plain, who, "default", headers, bus);
    final Microservice service = new Microservice();
    final MicroserviceInstance instance = new MicroserviceInstance();
    final String calls;
    boolean isDiscovering;

    Service(String name, String endpoint, String calls) {
      this.calls = calls;
      bus.register(this);
      client.setEventBus(bus);
      service.setAppId("shop");
      service.setServiceName(name);
      service.setVersion("1.0.0");
      service.setSchemas(new ArrayList<>(List.of("hello")));
      service.setProperties(new HashMap<>(Map.of("team", "a")));
      instance.setHostName("host");
      instance.setEndpoints(List.of(endpoint));
      instance.setStatus(MicroserviceInstanceStatus.UP);
      HealthCheck check = new HealthCheck();
      check.setMode(HealthCheckMode.push);
      check.setInterval(15);
      check.setTimes(3);
      instance.setHealthCheck(check);
      registration.setMicroservice(service).setMicroserviceInstance(instance).setHeartBeatInterval(1000);
      registration.setHeartBeatRequestTimeout(1000);
      registration.setSchemaInfos(List.of(new SchemaInfo("hello", "swagger: '2.0'", "abc123")));
      discovery.setPollInterval(ServiceCenterDiscovery.MIN_INTERVAL);
      registration.startRegistration();
    }

    @Subscribe
    public void onRegistration(MicroserviceInstanceRegistrationEvent event) throws Exception {
      if (!event.isSuccess()) {
        return;
      }
      tell("registered", "name", service.getServiceName(), "id", instance.getInstanceId());
      if (calls != null && !isDiscovering) {
        isDiscovering = true;
        discovery.updateMyselfServiceId(service.getServiceId());
        ServiceCenterDiscovery.SubscriptionKey key = new ServiceCenterDiscovery.SubscriptionKey("shop", calls);
        discovery.registerIfNotPresent(key);
        tellInstances("found", calls, discovery.getInstanceCache(key));
        discovery.startDiscovery();
        watch.startWatch("default", service.getServiceId());
      }
    }

    @Subscribe
    public void onWatch(PullInstanceEvent event) {
      tell("watched", "name", service.getServiceName());
    }

    @Subscribe
    public void onBeat(HeartBeatEvent event) {
      tell("beat", "name", service.getServiceName(), "success", event.isSuccess());
    }

    @Subscribe
    public void onChange(InstanceChangedEvent event) {
      tellInstances("changed", event.getServiceName(), event.getInstances());
    }

    private void tellInstances(String event, String name, List<MicroserviceInstance> instances) {
      TreeSet<String> seen = new TreeSet<>();
      for (MicroserviceInstance one : instances) {
        seen.add(one.getInstanceId() + " " + one.getStatus() + " " + one.getServiceName());
      }
      tell(event, "name", name, "seen", seen);
    }
  }

  public static void main(String[] arguments) throws Exception {
    Story story = new Story(arguments);
    Service stock = story.new Service("stock", "rest://10.0.0.1:8080", null);
    Service basket = null;
    BufferedReader said = new BufferedReader(new InputStreamReader(System.in));
    for (String line = said.readLine(); line != null; line = said.readLine()) {
      String serviceId = stock.service.getServiceId();
      String instanceId = stock.instance.getInstanceId();
      switch (line) {
        case "basket" -> basket = story.new Service("basket", "rest://10.0.0.2:8080", "stock");
        case "down" -> stock.client.updateMicroserviceInstanceStatus(serviceId, instanceId, MicroserviceInstanceStatus.DOWN);
        case "schema" -> tell("schema", "text", stock.client.getServiceSchemaContext(serviceId, "hello"),
            "declared", stock.client.getMicroserviceByServiceId(serviceId).getSchemas());
        case "peers" -> tell("peers", "endpoints",
            basket.client.getServiceCenterInstances().getInstances().get(0).getEndpoints());
        case "stop" -> {
          stock.registration.stop();
          stock.client.deleteMicroserviceInstance(serviceId, instanceId);
        }
        default -> throw new IllegalArgumentException(line);
      }
    }
    System.exit(0);
  }
}
