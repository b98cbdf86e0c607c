import com.alibaba.nacos.api.config.model.ConfigBasicInfo;
import com.alibaba.nacos.api.config.model.ConfigCloneInfo;
import com.alibaba.nacos.api.config.model.ConfigDetailInfo;
import com.alibaba.nacos.api.config.model.ConfigGrayInfo;
import com.alibaba.nacos.api.config.model.ConfigHistoryBasicInfo;
import com.alibaba.nacos.api.config.model.SameConfigPolicy;
import com.alibaba.nacos.api.exception.NacosException;
import com.alibaba.nacos.api.model.Page;
import com.alibaba.nacos.maintainer.client.config.ConfigMaintainerFactory;
import com.alibaba.nacos.maintainer.client.config.ConfigMaintainerService;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** Does with the official client for administrators what one does with configs, and says what came back, a line for each step. */
public final class Maintainer {
    private static final String PUBLIC = "public";

    private Maintainer() {}

    public static void main(String[] arguments) throws Exception {
        ConfigMaintainerService configs = ConfigMaintainerFactory.createConfigMaintainerService(arguments[0]);
        publish(configs);
        search(configs);
        history(configs);
        beta(configs);
        copy(configs);
        operate(configs);
        System.exit(0); // its threads are no daemons
    }

    private static void publish(ConfigMaintainerService configs) throws NacosException {
        say("published", configs.publishConfig("app.yaml", "g", PUBLIC, "port: 1", "shop", "ann", "red,blue", "about", "yaml"));
        ConfigDetailInfo shown = configs.getConfig("app.yaml", "g", PUBLIC);
        say("detail", shown.getContent(), shown.getType(), shown.getDesc(), shown.getConfigTags(), shown.getAppName(), shown.getCreateUser());
        say("described", configs.updateConfigMetadata("app.yaml", "g", PUBLIC, "other", "red"));
        ConfigDetailInfo after = configs.getConfig("app.yaml", "g", PUBLIC);
        say("description", after.getContent(), after.getDesc(), after.getConfigTags(), after.getId().equals(shown.getId()));
        try {
            configs.getConfig("never", "g", PUBLIC);
        } catch (NacosException error) {
            say("missing", error.getErrCode(), error.getErrMsg().contains("Config not exist"));
        }
    }

    private static void search(ConfigMaintainerService configs) throws NacosException {
        configs.publishConfig("db.yaml", "g", PUBLIC, "port: 2", "", "", "", "", "yaml");
        say("like", names(configs.searchConfigs("pp", "g", PUBLIC)));
        say("accurate", names(configs.listConfigs("db.yaml", "g", PUBLIC)));
        say("content", names(configs.searchConfigByDetails("", "", PUBLIC, "blur", "*port*", "", "", "", 1, 10)));
        say("tag", names(configs.searchConfigByDetails("", "", PUBLIC, "blur", "", "", "red", "", 1, 10)));
        Page<ConfigBasicInfo> page = configs.listConfigs("", "", PUBLIC, "", "", "", 2, 1);
        say("page", names(page), page.getTotalCount(), page.getPageNumber(), page.getPagesAvailable());
        List<String> all = new ArrayList<>();
        configs.getConfigListByNamespace(PUBLIC).forEach(info -> all.add(info.getDataId()));
        say("namespace", all);
    }

    private static void history(ConfigMaintainerService configs) throws NacosException {
        configs.publishConfig("app.yaml", "g", PUBLIC, "port: 3", "", "", "", "", "yaml");
        Page<ConfigHistoryBasicInfo> page = configs.listConfigHistory("app.yaml", "g", PUBLIC, 1, 10);
        List<String> operations = new ArrayList<>();
        page.getPageItems().forEach(entry -> operations.add(entry.getOpType().trim() + " " + entry.getPublishType()));
        say("history", operations);
        Long newest = page.getPageItems().get(0).getId();
        say("entry", configs.getConfigHistoryInfo("app.yaml", "g", PUBLIC, newest).getContent());
        Long id = configs.getConfig("app.yaml", "g", PUBLIC).getId();
        say("previous", configs.getPreviousConfigHistoryInfo("app.yaml", "g", PUBLIC, id).getContent());
    }

    private static void beta(ConfigMaintainerService configs) throws NacosException {
        say("beta published", configs.publishBetaConfig("app.yaml", "g", PUBLIC, "port: 4", "", "", "", "", "yaml", "10.0.0.1,10.0.0.2"));
        ConfigGrayInfo shown = configs.queryBeta("app.yaml", "g", PUBLIC);
        say("beta", shown.getContent(), shown.getGrayName(), shown.getGrayRule().contains("10.0.0.1,10.0.0.2"));
        say("beta stopped", configs.stopBeta("app.yaml", "g", PUBLIC));
    }

    private static void copy(ConfigMaintainerService configs) throws NacosException {
        ConfigCloneInfo copy = new ConfigCloneInfo();
        copy.setConfigId(configs.getConfig("app.yaml", "g", PUBLIC).getId());
        copy.setTargetDataId("copy.yaml");
        List<ConfigCloneInfo> copies = List.of(copy);
        say("cloned", new TreeMap<>(configs.cloneConfig("copies", copies, "ann", SameConfigPolicy.ABORT)));
        say("skipped", new TreeMap<>(configs.cloneConfig("copies", copies, "ann", SameConfigPolicy.SKIP)));
        say("copy", configs.getConfig("copy.yaml", "g", "copies").getContent());
    }

    private static void operate(ConfigMaintainerService configs) throws NacosException {
        say("listeners", configs.getListeners("app.yaml", "g", PUBLIC, true).getListenersStatus());
        say("listens", configs.getAllSubClientConfigByIp("10.9.9.9", true, "", true).getListenersStatus());
        say("dumped", configs.updateLocalCacheFromStore());
        List<Long> ids = List.of(configs.getConfig("app.yaml", "g", PUBLIC).getId(), configs.getConfig("db.yaml", "g", PUBLIC).getId());
        say("deleted", configs.deleteConfigs(ids));
        say("left", names(configs.listConfigs("", "", PUBLIC)));
        say("deleted one", configs.deleteConfig("copy.yaml", "g", "copies"));
    }

    private static List<String> names(Page<ConfigBasicInfo> page) {
        List<String> names = new ArrayList<>();
        page.getPageItems().forEach(info -> names.add(info.getDataId()));
        return names;
    }

    private static void say(String step, Object... values) {
        System.out.println(step + ": " + String.join(" ", List.of(values).stream().map(String::valueOf).toList()));
    }
}
