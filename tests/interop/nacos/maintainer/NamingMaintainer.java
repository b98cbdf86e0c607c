import com.alibaba.nacos.api.exception.NacosException;
import com.alibaba.nacos.api.model.Page;
import com.alibaba.nacos.api.model.response.Namespace;
import com.alibaba.nacos.api.naming.pojo.Instance;
import com.alibaba.nacos.api.naming.pojo.Service;
import com.alibaba.nacos.api.naming.pojo.healthcheck.AbstractHealthChecker;
import com.alibaba.nacos.api.naming.pojo.maintainer.ClientSummaryInfo;
import com.alibaba.nacos.api.naming.pojo.maintainer.ClusterInfo;
import com.alibaba.nacos.api.naming.pojo.maintainer.MetricsInfo;
import com.alibaba.nacos.api.naming.pojo.maintainer.ServiceDetailInfo;
import com.alibaba.nacos.api.naming.pojo.maintainer.ServiceView;
import com.alibaba.nacos.maintainer.client.naming.NamingMaintainerFactory;
import com.alibaba.nacos.maintainer.client.naming.NamingMaintainerService;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Does with the official client for administrators what one does with services, and says what came back, a line for each step.
 *
 * <p>Four of its calls do not suit the documented API and are left out: listSelectorTypes, getHealthCheckers and getClientList expect
 * a bare value where there is an envelope, and readiness asks for a path that does not exist.
 */
public final class NamingMaintainer {
    private static final String PUBLIC = "public";
    private static final String GROUP = "DEFAULT_GROUP";

    private NamingMaintainer() {}

    public static void main(String[] arguments) throws Exception {
        NamingMaintainerService naming = NamingMaintainerFactory.createNamingMaintainerService(arguments[0]);
        services(naming);
        instances(naming);
        health(naming);
        clients(naming);
        server(naming);
        System.exit(0); // its threads are no daemons
    }

    private static void services(NamingMaintainerService naming) throws NacosException {
        Service api = service("api", true);
        api.setMetadata(Map.of("team", "one"));
        api.setProtectThreshold(0.5f);
        say("created", naming.createService(api));
        refused("created twice", () -> naming.createService(api));
        ClusterInfo cluster = new ClusterInfo();
        cluster.setClusterName("east");
        cluster.setHealthChecker(new AbstractHealthChecker.None());
        cluster.setMetadata(Map.of("zone", "e"));
        say("cluster", naming.updateCluster(api, cluster));
        ServiceDetailInfo shown = naming.getServiceDetail(api);
        say("shown", shown.getServiceName(), shown.getMetadata(), shown.getProtectThreshold(), shown.isEphemeral(),
                shown.getSelector().getType(), shown.getClusterMap().get("east").getMetadata());
        api.setMetadata(Map.of("team", "two"));
        api.setProtectThreshold(0f);
        say("updated", naming.updateService(api), naming.getServiceDetail(api).getMetadata());
        Page<ServiceView> page = naming.listServices(PUBLIC, "", "ap", false, 1, 10);
        say("listed", page.getTotalCount(), page.getPageItems().get(0).getName(), page.getPageItems().get(0).getIpCount());
        say("with hosts", naming.listServices(PUBLIC, "", "ap", true, 1, 10).getTotalCount());
        refused("unknown", () -> naming.getServiceDetail(service("gone", true)));
    }

    private static void instances(NamingMaintainerService naming) throws NacosException {
        Service api = service("api", true);
        Instance one = instance("10.0.0.1");
        one.setMetadata(new HashMap<>(Map.of("version", "1")));
        say("registered", naming.registerInstance(api, one), naming.registerInstance(api, instance("10.0.0.2")));
        one.setEnabled(false);
        one.setWeight(3);
        one.setMetadata(Map.of("zone", "b"));
        say("overridden", naming.updateInstance(api, one));
        naming.registerInstance(api, instance("10.0.0.1"));
        Instance shown = naming.getInstanceDetail(api, one);
        say("holds", shown.isEnabled(), shown.getWeight(), shown.getMetadata());
        one.setEnabled(true);
        say("partly", naming.partialUpdateInstance(api, one), naming.getInstanceDetail(api, one).isEnabled());
        Map<String, String> metadata = Map.of("k", "v");
        say("batch", naming.batchUpdateInstanceMetadata(api, List.of(one), metadata).getUpdated());
        say("laid", new TreeMap<>(naming.getInstanceDetail(api, one).getMetadata()));
        say("lifted", naming.batchDeleteInstanceMetadata(api, List.of(one), metadata).getUpdated());
        say("instances", naming.listInstances(api, "DEFAULT", true).size());
        say("with instances", naming.listServicesWithDetail(PUBLIC, "", "ap", 1, 10).getPageItems().get(0).getClusterMap()
                .get("DEFAULT").getHosts().size());
        refused("not empty", () -> naming.removeService(api));
        say("deregistered", naming.deregisterInstance(api, instance("10.0.0.2")), naming.listInstances(api, "DEFAULT", false).size());
    }

    private static void health(NamingMaintainerService naming) throws NacosException {
        Service kept = service("kept", false);
        Instance one = instance("10.0.0.3");
        one.setEphemeral(false);
        say("persistent", naming.registerInstance(kept, one));
        one.setHealthy(false);
        say("unhealthy", naming.updateInstanceHealthStatus(kept, one), naming.getInstanceDetail(kept, one).isHealthy());
    }

    private static void clients(NamingMaintainerService naming) throws NacosException {
        ClientSummaryInfo client = naming.getClientDetail("10.0.0.1:80#true");
        say("client", client.getClientType(), client.isEphemeral());
        say("publishes", naming.getPublishedServiceList("10.0.0.1:80#true").get(0).getServiceName());
        say("subscribes", naming.getSubscribeServiceList("10.0.0.1:80#true"));
        say("publishers", naming.getPublishedClientList(PUBLIC, GROUP, "api", "10.0.0.1", 80).get(0).getClientId());
        say("subscribers", naming.getSubscribeClientList(PUBLIC, GROUP, "api", "10.0.0.1", 80));
        say("pages", naming.getSubscribers(service("api", true), 1, 10, true).getTotalCount());
    }

    private static void server(NamingMaintainerService naming) throws NacosException {
        MetricsInfo metrics = naming.getMetrics(false);
        say("metrics", metrics.getStatus(), metrics.getServiceCount(), metrics.getInstanceCount(), metrics.getPersistentIpPortClientCount());
        refused("log level", () -> naming.setLogLevel("naming-main", "DEBUG"));
        say("lives", naming.liveness(), naming.getServerState().get("startup_mode"));
        say("made", naming.createNamespace("shop", "Shop", "sells"), naming.checkNamespaceIdExist("shop"));
        Namespace shop = naming.getNamespace("shop");
        say("namespace", shop.getNamespaceShowName(), shop.getNamespaceDesc());
        say("renamed", naming.updateNamespace("shop", "Store", ""), naming.getNamespace("shop").getNamespaceShowName());
        List<String> names = new ArrayList<>();
        naming.getNamespaceList().forEach(namespace -> names.add(namespace.getNamespace()));
        say("namespaces", names);
        say("deleted", naming.deleteNamespace("shop"), naming.checkNamespaceIdExist("shop"));
        say("members", naming.listClusterNodes("", "UP").size());
        say("connections", naming.getCurrentClients().size(), naming.getClusterLoaderMetrics().getTotal());
        say("generators", naming.getIdGenerators());
        refused("lookup", () -> naming.updateLookupMode("file"));
    }

    private static Service service(String name, boolean ephemeral) {
        Service service = new Service();
        service.setNamespaceId(PUBLIC);
        service.setGroupName(GROUP);
        service.setName(name);
        service.setEphemeral(ephemeral);
        return service;
    }

    private static Instance instance(String ip) {
        Instance instance = new Instance();
        instance.setIp(ip);
        instance.setPort(80);
        instance.setClusterName("DEFAULT");
        return instance;
    }

    private interface Call {
        Object run() throws NacosException;
    }

    private static void refused(String what, Call call) {
        try {
            say(what, call.run());
        } catch (NacosException error) {
            say(what, error.getErrCode(), error.getErrMsg().replaceAll("(?s).*\"code\":([0-9]+).*", "$1"));
        }
    }

    private static void say(String what, Object... values) {
        StringBuilder line = new StringBuilder(what).append(":");
        for (Object value : values) {
            line.append(' ').append(value);
        }
        System.out.println(line);
    }
}
