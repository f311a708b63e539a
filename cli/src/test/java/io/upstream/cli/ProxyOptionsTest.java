// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.UpstreamProtocol;
import io.upstream.UserPassword;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.emulator.proxy.AccessRecord;
import io.upstream.emulator.proxy.ConnectProxy;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/** How the command chooses a proxy. The hub's name resolves at the proxy only, so that nothing gets there another way. */
class ProxyOptionsTest {
    private static final String PASSWORD = "p:a@s%s\u00f6";
    private static final String RAW = PASSWORD;
    private static final String ENCODED = "p%3Aa%40s%25s%C3%B6";
    private static final String STRING = "HostName=hub.example;DeviceId=d;SharedAccessKey=a2V5LW9mLXNvbWVib2R5";

    @TempDir
    private static Path directory;

    private static IotHubEmulator site;
    private static ConnectProxy proxy;

    @BeforeAll
    static void start() throws IOException {
        site = IotHubEmulator.builder()
                .directory(directory)
                .hostName("hub.example")
                .start();
        proxy = ConnectProxy.builder()
                .credentials("user", PASSWORD)
                .route("hub.example:8883", here(site.mqttPort()))
                .route("hub.example:5671", here(site.amqpPort()))
                .route("hub.example:443", here(site.wsPort()))
                .start();
    }

    @AfterAll
    static void stop() {
        proxy.close();
        site.close();
    }

    private static InetSocketAddress here(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    static Stream<Arguments> spellings() {
        return Arrays.stream(UpstreamProtocol.values())
                .flatMap(protocol -> Stream.of(RAW, ENCODED)
                        .flatMap(password -> Stream.of("https_proxy", "HTTPS_PROXY", "ALL_PROXY")
                                .map(variable -> Arguments.of(protocol, variable, password))));
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @MethodSource("spellings")
    void goesThroughTheProxyThatTheEnvironmentNamesWhateverThePassword(
            UpstreamProtocol protocol, String variable, String password) {
        String device = device(protocol + "-" + variable + "-" + (password.equals(RAW) ? "raw" : "encoded"));
        int before = proxy.accessLog().size();

        Shell.Run run = Shell.run(
                Map.of(
                        variable,
                        proxy.url().replace("://", "://user:" + password + "@"),
                        "NO_PROXY",
                        "localhost,.corp",
                        "UpstreamProtocol",
                        protocol.wireName(),
                        IdentityOptions.VARIABLE,
                        site.connectionString(device)),
                send("--json"));

        assertDelivered(run, device, before);
        assertFalse(run.toString().contains(password), run.toString());
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void takesThePasswordFromAFile(UpstreamProtocol protocol) throws IOException {
        Path file = Files.writeString(directory.resolve("password-" + protocol), PASSWORD + "\n");
        String device = device("file-" + protocol);
        int before = proxy.accessLog().size();

        Shell.Run run = Shell.run(
                Map.of(
                        "https_proxy",
                        proxy.url(),
                        "UpstreamProtocol",
                        protocol.wireName(),
                        IdentityOptions.VARIABLE,
                        site.connectionString(device)),
                send("--json", "--proxy-user", "user", "--proxy-password-file", file.toString()));

        assertDelivered(run, device, before);
        assertFalse(run.toString().contains(PASSWORD), run.toString());
    }

    /** Nobody listens where the first one should be: the message arrives all the same, and what is told is the proxy that was taken. */
    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void goesThroughTheSecondProxyWhenTheFirstIsDead(UpstreamProtocol protocol) throws IOException {
        String device = device("second-" + protocol);
        int before = proxy.accessLog().size();
        try (ClosedPort dead = new ClosedPort()) {
            String list =
                    "http://127.0.0.1:" + dead.number() + "," + proxy.url().replace("://", "://user:" + ENCODED + "@");

            Shell.Run run = Shell.run(
                    Map.of(
                            "UpstreamProtocol",
                            protocol.wireName(),
                            IdentityOptions.VARIABLE,
                            site.connectionString(device)),
                    send("--json", "--proxy", list));

            assertDelivered(run, device, before);
            assertFalse(run.toString().contains(ENCODED), run.toString());
        }
    }

    @Test
    void tellsOfEveryProxyThatIsDead() throws IOException {
        try (ClosedPort dead = new ClosedPort();
                ClosedPort other = new ClosedPort()) {
            Shell.Run run = Shell.run(
                    Map.of(
                            "UpstreamProtocol",
                            "MqttWs",
                            IdentityOptions.VARIABLE,
                            site.connectionString(device("none-left"))),
                    send("--proxy", "127.0.0.1:" + dead.number() + ",http://127.0.0.1:" + other.number()));
            assertEquals(Cli.FAILED, run.code(), run.toString());
            assertTrue(run.err().contains("proxy 127.0.0.1:" + other.number() + " refused the connection"), run.err());
        }
    }

    @Test
    void tellsWhichProxyAndWhy() {
        String url = proxy.url().replace("://", "://user:" + ENCODED + "@");
        Map<String, String> env = Map.of(
                "https_proxy",
                url,
                "UpstreamProtocol",
                "MqttWs",
                IdentityOptions.VARIABLE,
                site.connectionString(device("told")));
        String line =
                "upstream send: hub.example:443: through proxy " + proxy.url() + " with credentials, by https_proxy";

        Shell.Run run = Shell.run(env, send());
        assertEquals(Cli.DONE, run.code(), run.toString());
        assertEquals(List.of(line), run.errLines());
        assertTrue(run.out().startsWith("MqttWs through " + proxy.url() + ": 1 sent"), run.out());
        assertFalse(run.toString().contains(ENCODED), run.toString());

        Shell.Run quiet = Shell.run(env, send("--json"));
        assertEquals(List.of(), quiet.errLines());
        Shell.Run refused = Shell.run(env, send("--proxy", proxy.url(), "-v"));
        assertEquals(Cli.FAILED, refused.code(), refused.toString());
        assertTrue(
                refused.err()
                        .contains("upstream send: hub.example:443: through proxy " + proxy.url()
                                + ", by the proxy's URL"),
                refused.err());
    }

    private static String device(String id) {
        site.addDevice(id);
        return id;
    }

    private static String[] send(String... more) {
        List<String> args = new ArrayList<>(List.of(
                "send", "--count", "1", "--trust-bundle", site.trustBundle().toString()));
        args.addAll(List.of(more));
        return args.toArray(String[]::new);
    }

    private static void assertDelivered(Shell.Run run, String device, int before) {
        assertEquals(Cli.DONE, run.code(), run.toString());
        JsonNode summary = run.last();
        assertEquals(1, summary.get("acked").asInt());
        assertEquals(proxy.url(), summary.get("proxy").asText());
        assertEquals(1, site.telemetry(device).size());
        List<AccessRecord> log = proxy.accessLog();
        AccessRecord last = log.get(log.size() - 1);
        assertTrue(log.size() > before);
        assertEquals("user", last.user());
        assertTrue(last.target().startsWith("hub.example:"), last.target());
    }

    @Test
    void takesSeveralProxiesInOrder() throws Exception {
        assertEquals(
                "[http://a:1, https://b:443, socks5h://c:1080]",
                routes(Map.of(), "--proxy", "http://u:p@a:1,https://b,socks5h://c")
                        .toString());
        assertEquals(List.of(Route.DIRECT), routes(Map.of(), "--proxy", "direct://"));
    }

    @Test
    void addsWhatAUrlCannotSay() throws Exception {
        Path pem = Files.writeString(directory.resolve("any.pem"), "looked at when a connection is made");
        Path password = Files.writeString(directory.resolve("password"), "s3cret\r\n");
        List<Route> routes = routes(
                Map.of("https_proxy", "https://proxy.corp"),
                "--proxy-user",
                "dom\\user",
                "--proxy-password-file",
                password.toString(),
                "--proxy-schemes",
                "Digest, ntlm",
                "--proxy-trust-bundle",
                pem.toString(),
                "--proxy-cert",
                pem.toString(),
                "--proxy-key",
                pem.toString());
        ProxyServer server = (ProxyServer) routes.get(0);
        assertEquals("https://proxy.corp:443", server.toString());
        assertEquals(
                new UserPassword("dom\\user", "s3cret"), server.authentication().userPassword());
        assertTrue(server.authentication().allows("NTLM"));
        assertTrue(server.authentication().allows("Digest"));
        assertFalse(server.authentication().allows("Basic"));
        assertEquals(pem.toAbsolutePath(), server.trust().bundle().orElseThrow());
        assertTrue(server.certificate() != null);
    }

    @Test
    void allowsOldNtlmByName() throws Exception {
        for (String named : List.of("Ntlm,Digest", "ntlmlegacy,Digest", "Digest, NtlmLegacy")) {
            List<Route> routes = routes(Map.of("https_proxy", "http://u:p@proxy.corp:1"), "--proxy-schemes", named);
            ProxyAuthentication authentication = ((ProxyServer) routes.get(0)).authentication();
            assertTrue(authentication.allows("NTLM") && !authentication.allows("Basic"), named);
            assertEquals(!named.equals("Ntlm,Digest"), authentication.allowsLegacyNtlm(), named);
        }
    }

    @Test
    void hasKerberosFromAKeyOrATicket() throws Exception {
        Path file = Files.writeString(directory.resolve("any.keytab"), "looked at when the proxy asks");
        String[][] ways = {
            {"--proxy-keytab", file.toString(), "--proxy-principal", "edge@CORP.EXAMPLE"},
            {"--proxy-ticket-cache", file.toString(), "--proxy-schemes", "Negotiate"},
            {"--proxy-schemes", "digest,NEGOTIATE", "--proxy-ticket-cache"}
        };
        for (String[] way : ways) {
            List<Route> routes = routes(Map.of("https_proxy", "http://proxy.corp:1"), way);
            ProxyAuthentication authentication = ((ProxyServer) routes.get(0)).authentication();
            assertEquals("Negotiate", authentication.authenticators().get(0).scheme());
            assertEquals(way[0].equals("--proxy-keytab"), authentication.allows("Basic"));
        }
    }

    @Test
    void asksTheSystem() throws Exception {
        String before = System.getProperty("upstream.proxy");
        assertNull(before);
        System.setProperty("upstream.proxy", "socks5h://of-the-system:1");
        try {
            assertEquals(
                    "[socks5h://of-the-system:1]",
                    routes(Map.of(), "--proxy", "system").toString());
        } finally {
            System.clearProperty("upstream.proxy");
        }
        List<Route> ofTheDesktop = routes(Map.of("https_proxy", "not:1"), "--proxy", "system");
        assertFalse(ofTheDesktop.toString().contains("not:1"), ofTheDesktop.toString());
    }

    private static List<Route> routes(Map<String, String> env, String... args) throws Exception {
        TargetOptions options = new TargetOptions();
        CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();
        spec.addMixin("target", CommandLine.Model.CommandSpec.forAnnotatedObject(options));
        List<String> all = new ArrayList<>(List.of("--connection-string", STRING));
        all.addAll(List.of(args));
        new CommandLine(spec).parseArgs(all.toArray(String[]::new));
        Target target = options.resolve(env, 1);
        return target.options().proxy().routesTo(target.options().target(UpstreamProtocol.MQTT));
    }
}
