// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.Route;
import io.upstream.UpstreamException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

class ProxySettingsTest {
    private static final HostPort HUB = new HostPort("hub.azure-devices.net", 8883);
    private static final String HUNTER = "hunter2";

    @ParameterizedTest(name = "{0} -> {1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "https_proxy=a:1                                 | http://a:1",
                "HTTPS_PROXY=a:1                                 | http://a:1",
                "all_proxy=a:1                                   | http://a:1",
                "ALL_PROXY=a:1                                   | http://a:1",
                "https_proxy=a:1 HTTPS_PROXY=b:2 all_proxy=c:3   | http://a:1",
                "https_proxy= HTTPS_PROXY=b:2 all_proxy=c:3      | http://b:2",
                "all_proxy=c:3 ALL_PROXY=d:4                     | http://c:3",
                "http_proxy=a:1                                  | direct",
                "HTTP_PROXY=a:1                                  | direct",
                "https_proxy=direct:// ALL_PROXY=d:4             | direct",
                "https_proxy=a:1 no_proxy=azure-devices.net      | direct",
                "https_proxy=a:1 NO_PROXY=azure-devices.net      | direct",
                "https_proxy=a:1 no_proxy=x NO_PROXY=azure-devices.net | http://a:1",
                "https_proxy=a:1 no_proxy= NO_PROXY=*            | direct",
                "no_proxy=x                                      | direct",
                "''                                              | direct"
            })
    void readsTheEnvironment(String variables, String expected) throws UpstreamException {
        ProxySettings settings = ProxySettings.from(environment(variables));
        settings.validate();
        assertEquals(expected, settings.routesTo(HUB).get(0).toString());
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "https_proxy=a:1 HTTPS_PROXY=b:2   | https_proxy and HTTPS_PROXY differ",
                "https_proxy=a:1 NO_PROXY=x no_proxy=y | no_proxy and NO_PROXY differ",
                "HTTP_PROXY=a:1                    | only HTTP_PROXY is set",
                "https_proxy=a                     | no port",
                "https_proxy=a:1 no_proxy=10.0.0.0/33 | 10.0.0.0/33"
            })
    void warnsOnceOfWhatIsOdd(String variables, String warning) {
        List<String> lines = loggedBy(() -> ProxySettings.from(environment(variables)));
        assertEquals(1, lines.size(), lines.toString());
        assertTrue(lines.get(0).contains(warning), lines.toString());
        String explained = ProxySettings.from(environment(variables)).explain(HUB);
        assertTrue(explained.contains("note: ") && explained.contains(warning), explained);
    }

    @Test
    void saysNothingWhenBothSpellingsAgree() {
        assertEquals(List.of(), loggedBy(() -> ProxySettings.from(environment("https_proxy=a:1 HTTPS_PROXY=a:1"))));
    }

    @ParameterizedTest(name = "F139 env-garbage, {0}")
    @MethodSource("io.upstream.proxy.ProxyUrlTest#unusable")
    void neverTakesAnUnusableVariableForNoProxy(String value) {
        ProxySettings settings = ProxySettings.from(Map.of("https_proxy", value, "ALL_PROXY", "other:1"));
        for (String message : List.of(
                failure(settings::validate).getMessage(),
                failure(() -> settings.routesTo(HUB)).getMessage(),
                settings.explain(HUB),
                settings.toString())) {
            assertFalse(message.contains(HUNTER), message);
        }
        assertTrue(settings.explain(HUB).contains("https_proxy is not usable"), settings.explain(HUB));
    }

    @Test
    void leavesThisMachineOutOfTheEnvironmentsProxy() throws UpstreamException {
        ProxySettings settings = ProxySettings.from(environment("https_proxy=a:1"));
        assertEquals(List.of(Route.DIRECT), settings.routesTo(new HostPort("localhost", 8883)));
        assertEquals(List.of(Route.DIRECT), settings.routesTo(new HostPort("127.0.0.1", 8883)));
        assertEquals(List.of(Route.DIRECT), settings.routesTo(new HostPort("::1", 8883)));
    }

    @Test
    void takesAGivenProxyForEveryDestination() throws UpstreamException {
        ProxySettings settings = ProxySettings.fromUrl("http://user:hunter2@proxy:3128");
        assertEquals("http://proxy:3128", settings.routesTo(HUB).get(0).toString());
        assertEquals(
                "http://proxy:3128",
                settings.routesTo(new HostPort("127.0.0.1", 443)).get(0).toString());
        assertEquals(
                "hub.azure-devices.net:8883: through proxy http://proxy:3128 with credentials, by the proxy's URL",
                settings.explain(HUB));
        assertFalse((settings + settings.explain(HUB)).contains(HUNTER));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "  ", "ftp://proxy", "socks4://u:p@proxy", "http://proxy:0"})
    void refusesAGivenUrlThatCannotBeUsed(String url) {
        ProxySettings settings = ProxySettings.fromUrl(url);
        assertEquals(FailureKind.CONFIGURATION, failure(settings::validate).kind());
        assertEquals(
                FailureKind.CONFIGURATION, failure(() -> settings.routesTo(HUB)).kind());
    }

    @ParameterizedTest
    @ValueSource(strings = {"fe80::1%eth0", "a..b", "xn--\u2603\uFF0F"})
    void refusesADestinationThatCannotBeNamedToAProxy(String host) {
        ProxySettings settings = ProxySettings.fromUrl("http://proxy:3128");
        assertEquals(
                FailureKind.CONFIGURATION,
                failure(() -> settings.routesTo(new HostPort(host, 443))).kind());
    }

    @Test
    void goesDirectWhenToldTo() throws UpstreamException {
        assertEquals(List.of(Route.DIRECT), ProxySettings.direct().routesTo(HUB));
        assertEquals(List.of(Route.DIRECT), ProxySettings.fromUrl("direct://").routesTo(HUB));
        assertEquals(
                "ProxySettings[the choice to go direct: direct]",
                ProxySettings.direct().toString());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "https_proxy=u:hunter2@a:1          | hub:1: through proxy http://a:1 with credentials, by https_proxy",
                "https_proxy=a:1 no_proxy=x,.hub    | hub:1: direct, excepted from the proxy by '.hub'",
                "https_proxy=a:1 no_proxy=//u:hunter2@hub | hub:1: through proxy http://a:1, by https_proxy; note: "
                        + "'hub' in the list of exceptions cannot be understood and is ignored",
                "''                                 | hub:1: direct, by the environment, where no https_proxy or all_proxy is set",
                "https_proxy=socks4://u:hunter2@a   | hub:1: error, https_proxy is not usable, SOCKS 4 knows no passwords: "
                        + "leave it out, or use a socks5h:// proxy",
                "https_proxy=https://u:hunter2@a    | hub:1: through proxy https://a:443 with credentials, by https_proxy",
                "https_proxy=a:1 IOTEDGE_MODULEID=m | hub:1: direct, excepted from the proxy by 'a name without a dot, as containers of a device have'"
            })
    void explainsTheRuleThatDecided(String variables, String expected) {
        assertEquals(expected, ProxySettings.from(environment(variables)).explain(new HostPort("hub", 1)));
    }

    @Test
    void readsTheEnvironmentOfThisProcess() {
        assertTrue(ProxySettings.fromEnvironment()
                .explain(new HostPort("localhost", 1))
                .contains("direct"));
    }

    private static Map<String, String> environment(String variables) {
        return variables
                .lines()
                .flatMap(line -> List.of(line.split(" +", -1)).stream())
                .filter(pair -> pair.contains("="))
                .map(pair -> pair.split("=", 2))
                .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
    }

    private static UpstreamException failure(Executable call) {
        UpstreamException error = assertThrows(UpstreamException.class, call);
        assertEquals(FailureKind.CONFIGURATION, error.kind());
        return error;
    }

    private static List<String> loggedBy(Runnable make) {
        Logger logger = (Logger) LoggerFactory.getLogger(ProxySettings.class);
        ListAppender<ILoggingEvent> appender = new ListAppender<>();
        appender.start();
        logger.addAppender(appender);
        try {
            make.run();
        } finally {
            logger.detachAppender(appender);
        }
        return appender.list.stream()
                .filter(event -> event.getLevel() == Level.WARN)
                .map(ILoggingEvent::getFormattedMessage)
                .toList();
    }
}
