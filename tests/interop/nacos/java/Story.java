import com.alibaba.nacos.api.NacosFactory;
import com.alibaba.nacos.api.config.ConfigService;
import com.alibaba.nacos.api.config.listener.AbstractListener;
import com.alibaba.nacos.api.naming.NamingService;
import com.alibaba.nacos.api.naming.listener.NamingEvent;
import com.alibaba.nacos.api.naming.pojo.Instance;
import com.alibaba.nacos.api.naming.pojo.ListView;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The official Java SDK as a program: does what each line of its input says, and tells in JSON what happens. Knows nothing of Muster. */
public class Story {
    private static final String GROUP = "DEFAULT_GROUP";
    protected final NamingService naming;
    protected final ConfigService config;
    protected final Properties properties = new Properties();

    public Story(String address) throws Exception {
        properties.put("serverAddr", address);
        if (System.getenv("STORY_USER") != null) login(address);
        properties.put("clientWorkerThreadCount", "4"); // with fewer the SDK of 3.x never tells of fuzzy watches
        naming = NacosFactory.createNamingService(properties);
        config = NacosFactory.createConfigService(properties);
    }

    /** As a user. Logins are by HTTP, at a port of their own. */
    private void login(String address) {
        String host = address.split(":")[0], grpc = address.split(":")[1], http = System.getenv("STORY_HTTP_PORT");
        System.setProperty("nacos.server.grpc.port.offset", String.valueOf(Integer.parseInt(grpc) - Integer.parseInt(http)));
        properties.put("serverAddr", host + ":" + http);
        properties.put("username", System.getenv("STORY_USER"));
        properties.put("password", System.getenv("STORY_PASSWORD"));
    }

    public static void main(String[] arguments) throws Exception {
        new Story(arguments[0]).run();
    }

    /** Serve until the input ends. */
    protected void run() throws Exception {
        for (int tries = 0; !"UP".equals(naming.getServerStatus()) && tries < 200; tries++) {
            Thread.sleep(50); // the SDK gives its services out before they are connected
        }
        tell("ready", Map.of());
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            List<String> words = List.of(line.split(" "));
            try {
                Object answer = act(words.get(0), words.subList(1, words.size()));
                tell("done", Map.of("what", words, "answer", answer));
            } catch (Exception error) {
                tell("failed", Map.of("what", words, "error", error.toString()));
            }
        }
        System.exit(0);
    }

    /** Do one thing. Its answer is never null. */
    protected Object act(String verb, List<String> words) throws Exception {
        String name = words.isEmpty() ? "" : words.get(0);
        switch (verb) {
            case "register":
                Instance instance = instance(words.get(1));
                instance.setMetadata(Map.of("by", "sdk"));
                naming.registerInstance(name, instance);
                return true;
            case "persist":
                Instance lasting = instance(words.get(1));
                lasting.setEphemeral(false);
                naming.registerInstance(name, lasting);
                return true;
            case "batch":
                return batch("batchRegisterInstance", words);
            case "shrink":
                return batch("batchDeregisterInstance", words);
            case "deregister":
                naming.deregisterInstance(name, words.get(1), 80);
                return true;
            case "subscribe":
                naming.subscribe(name, event -> pushed(((NamingEvent) event).getInstances()));
                return true;
            case "instances":
                return naming.selectInstances(name, GROUP, true, false).stream().map(Instance::getIp).sorted().collect(Collectors.toList());
            case "services":
                ListView<String> found = naming.getServicesOfServer(1, 10);
                return List.of(found.getCount(), found.getData());
            case "listen":
                config.addListener(name, "g", new Listener(name));
                return true;
            case "publish":
                return config.publishConfig(name, "g", words.get(1), "text");
            case "cas":
                if (!compare(name, words.get(1), words.get(2))) {
                    throw new IllegalStateException("the SDK says no, and not why");
                }
                return true;
            case "read":
                String content = config.getConfig(name, "g", 3000);
                return content == null ? "" : content;
            case "remove":
                return config.removeConfig(name, "g");
            case "close":
                naming.shutDown();
                config.shutDown();
                return true;
            default:
                throw new IllegalArgumentException(verb);
        }
    }

    /** By its name, since the SDK of 1.4 has no such method. */
    private boolean compare(String name, String content, String md5) throws Exception {
        Class<?> text = String.class;
        Object[] words = {name, "g", content, md5, "text"};
        return (Boolean) ConfigService.class.getMethod("publishConfigCas", text, text, text, text, text).invoke(config, words);
    }

    /** Likewise. */
    private boolean batch(String method, List<String> words) throws Exception {
        List<Instance> instances = words.subList(1, words.size()).stream().map(Story::instance).collect(Collectors.toList());
        NamingService.class.getMethod(method, String.class, String.class, List.class).invoke(naming, words.get(0), GROUP, instances);
        return true;
    }

    protected static synchronized void tell(String event, Map<String, ?> fields) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("event", event);
        all.putAll(fields);
        try {
            System.out.println(new ObjectMapper().writeValueAsString(all));
        } catch (java.io.IOException error) {
            throw new IllegalStateException(error);
        }
    }

    private static Instance instance(String ip) {
        Instance made = new Instance();
        made.setIp(ip);
        made.setPort(80);
        return made;
    }

    private static void pushed(List<Instance> hosts) {
        Stream<String> shown = hosts.stream().map(host -> host.getIp() + ":" + host.getPort()).sorted();
        List<Boolean> healthy = hosts.stream().map(Instance::isHealthy).collect(Collectors.toList());
        tell("push", Map.of("hosts", shown.collect(Collectors.toList()), "healthy", healthy));
    }

    private static final class Listener extends AbstractListener {
        private final String name;

        private Listener(String name) {
            this.name = name;
        }

        @Override
        public void receiveConfigInfo(String content) {
            tell("config", Map.of("data_id", name, "content", content == null ? "" : content));
        }
    }
}
