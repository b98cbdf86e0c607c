import com.alibaba.nacos.api.config.listener.ConfigFuzzyWatchChangeEvent;
import com.alibaba.nacos.api.lock.LockService;
import com.alibaba.nacos.api.lock.NacosLockFactory;
import com.alibaba.nacos.api.naming.listener.FuzzyWatchChangeEvent;
import com.alibaba.nacos.client.lock.core.NLockFactory;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/** What the SDK can since 3.0: locks, and watching names that fit a pattern. */
public class Newer extends Story {
    private LockService locks;

    public Newer(String address) throws Exception {
        super(address);
    }

    public static void main(String[] arguments) throws Exception {
        new Newer(arguments[0]).run();
    }

    @Override
    protected Object act(String verb, List<String> words) throws Exception {
        switch (verb) {
            case "watch-services":
                return new TreeSet<>(naming.fuzzyWatchWithServiceKeys(words.get(0), "*", new Services()).get(20, TimeUnit.SECONDS).getData());
            case "watch-configs":
                return new TreeSet<>(config.fuzzyWatchWithGroupKeys(words.get(0), "*", new Configs()).get(20, TimeUnit.SECONDS));
            case "lock":
                return locks().lock(NLockFactory.getLock(words.get(0), Long.valueOf(words.get(1))));
            case "unlock":
                return locks().unLock(NLockFactory.getLock(words.get(0)));
            default:
                return super.act(verb, words);
        }
    }

    private LockService locks() throws Exception {
        if (locks == null) {
            locks = NacosLockFactory.createLockService(properties);
        }
        return locks;
    }

    private static final class Services extends com.alibaba.nacos.api.naming.listener.AbstractFuzzyWatchEventWatcher {
        @Override
        public void onEvent(FuzzyWatchChangeEvent event) {
            tell("service", Map.of("name", event.getServiceName(), "change", event.getChangeType(), "sync", event.getSyncType()));
        }
    }

    private static final class Configs extends com.alibaba.nacos.api.config.listener.AbstractFuzzyWatchEventWatcher {
        @Override
        public void onEvent(ConfigFuzzyWatchChangeEvent event) {
            tell("item", Map.of("name", event.getDataId(), "change", event.getChangedType(), "sync", event.getSyncType()));
        }
    }
}
