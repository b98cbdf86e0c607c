import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.common.eventbus.EventBus;
import com.google.common.eventbus.Subscribe;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.servicecomb.config.center.client.ConfigCenterAddressManager;
import org.apache.servicecomb.config.center.client.ConfigCenterClient;
import org.apache.servicecomb.config.center.client.ConfigCenterManager;
import org.apache.servicecomb.config.center.client.model.ConfigCenterConfiguration;
import org.apache.servicecomb.config.center.client.model.QueryConfigurationsRequest;
import org.apache.servicecomb.config.common.ConfigConverter;
import org.apache.servicecomb.config.common.ConfigurationChangedEvent;
import org.apache.servicecomb.config.kie.client.KieClient;
import org.apache.servicecomb.config.kie.client.KieConfigManager;
import org.apache.servicecomb.config.kie.client.model.KieAddressManager;
import org.apache.servicecomb.config.kie.client.model.KieConfiguration;
import org.apache.servicecomb.http.client.common.HttpConfiguration;
import org.apache.servicecomb.http.client.common.HttpTransport;
import org.apache.servicecomb.http.client.common.HttpTransportFactory;

/** The configuration of the service cart of the application shop, as Java chassis sees it: told whenever it changes. */
public class Story {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Subscribe
  public void changed(ConfigurationChangedEvent event) {
    tell(event.getComplete());
  }

  private static void tell(Map<String, Object> configuration) {
    try {
      System.out.println(JSON.writeValueAsString(Map.of("event", "configuration", "values", configuration)));
    } catch (Exception error) {
      throw new IllegalStateException(error);
    }
  }

  public static void main(String[] arguments) throws Exception {
    String address = arguments[1];
    EventBus bus = new EventBus();
    bus.register(new Story());
    HttpTransport transport =
        HttpTransportFactory.createHttpTransport(new HttpConfiguration.SSLProperties(), request -> new HashMap<>());
    ConfigConverter converter = new ConfigConverter(List.of());
    if (arguments[0].equals("kie")) {
      followKie(address, bus, transport, converter);
    } else {
      followCenter(address, bus, transport, converter);
    }
    while (System.in.read() >= 0) {
      Thread.onSpinWait();
    }
    System.exit(0);
  }

  private static void followKie(String address, EventBus bus, HttpTransport transport, ConfigConverter converter) {
    KieConfiguration configuration = new KieConfiguration()
        .setProject("default").setAppName("shop").setServiceName("cart").setVersion("1.0.0").setEnvironment("")
        .setEnableAppConfig(true).setEnableServiceConfig(true).setEnableVersionConfig(true).setEnableCustomConfig(true)
        .setCustomLabel("public").setCustomLabelValue("")
        .setEnableLongPolling(true).setPollingWaitInSeconds(1).setFirstPullRequired(false).setRefreshIntervalInMillis(1000);
    KieAddressManager addresses = new KieAddressManager(List.of(address), bus);
    KieClient client = new KieClient(addresses, transport, configuration);
    client.setEventBus(bus);
    KieConfigManager manager = new KieConfigManager(client, bus, configuration, converter, addresses);
    manager.firstPull();
    tell(converter.getCurrentData());
    manager.startConfigKieManager();
  }

  private static void followCenter(String address, EventBus bus, HttpTransport transport, ConfigConverter converter) {
    ConfigCenterAddressManager addresses = new ConfigCenterAddressManager("default", List.of(address), bus);
    ConfigCenterClient client = new ConfigCenterClient(addresses, transport);
    client.setEventBus(bus);
    ConfigCenterConfiguration configuration = new ConfigCenterConfiguration().setRefreshIntervalInMillis(200);
    ConfigCenterManager manager = new ConfigCenterManager(client, bus, converter, configuration, addresses);
    manager.setQueryConfigurationsRequest(new QueryConfigurationsRequest()
        .setApplication("shop").setServiceName("cart").setVersion("1.0.0").setEnvironment(""));
    manager.startConfigCenterManager();
  }
}
