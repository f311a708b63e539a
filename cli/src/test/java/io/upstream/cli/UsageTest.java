// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UsageTest {
    private static final String CANARY = "Q0FOQVJZLWtleS10aGF0LW5vYm9keS1tYXktc2Vl";
    private static final String STRING = "HostName=127.0.0.1;DeviceId=d;SharedAccessKey=" + CANARY;

    @TempDir
    private Path directory;

    /**
     * CS stands for a connection string that can be used, TMP for an empty directory, FILE for a file that can be read, KEY for one with a
     * key, BAD for one without.
     */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "\"\"                                               | a command is missing, there are demo, emulator, send, receive, twin, provision, bench, faults, soak, reconnects and help",
                "dance                                            | 'dance' is not a command",
                "sned                                             | 'sned' is not a command or option of it, there are demo, emulator, send",
                "--frobnicate                                     | unknown option '--frobnicate'",
                "send --frobnicate                                | unknown option '--frobnicate'",
                "send --connection-strin=CS                       | did you mean --connection-string",
                "send CS                                          | its text is not shown",
                "send                                             | who connects is missing",
                "send --connection-string                         | --connection-string",
                "send --connection-string HostName=h              | has no DeviceId",
                "send --connection-string CS;Colour=blue          | unknown part: Colour",
                "send --connection-string CS --device d           | excludes",
                "send --connection-string CS --connection-string-file f | exclude each other",
                "send --connection-string-file /no/such/file      | cannot read /no/such/file",
                "send --sasl plain --hub h                        | go together",
                "send --sasl plain --hub h --device d             | needs --username and --password-file",
                "send --sasl anonymous --hub h --device d --username u | takes no --username",
                "send --sasl digest --hub h --device d            | --sasl",
                "send --cert c.pem                                | --cert and --key go together",
                "send --key k.pem --hub h --device d              | --cert and --key go together",
                "send --key-password-file f --connection-string CS | --cert and --key go together",
                "send --cert /no.pem --key /no.pem --hub h --device d | --cert: cannot read the file /no.pem",
                "send --cert FILE --key /no.pem --hub h --device d | --key: cannot read the file /no.pem",
                "send --cert FILE --key FILE --key-password-file /no --hub h --device d | --key-password-file: cannot read /no",
                "send --cert FILE --key FILE                      | who connects is missing",
                "send --cert FILE --key FILE --device d           | --hub and --device go together with either --cert or --sasl",
                "send --cert FILE --key FILE --hub h --device d --sasl anonymous | with either --cert or --sasl",
                "send --cert FILE --key FILE --hub h --device d --username u | --cert takes no --username",
                "send --cert FILE --key FILE --connection-string CS | has no x509=true, but a certificate is given",
                "send --connection-string HostName=h;DeviceId=d;x509=true | the certificate and its key must be given",
                "send --connection-string CS --protocol Http      | --protocol: unknown protocol 'Http'",
                "send --connection-string CS --port 70000         | port must be 1..65535",
                "send --connection-string CS --port many          | 'many' is not an int",
                "send --connection-string CS --proxy ftp://p:1    | --proxy",
                "send --connection-string CS --proxy http://a:1, | --proxy: the list of proxies is not usable",
                "send --connection-string CS --proxy socks4://u:p@a | SOCKS 4 knows no passwords",
                "send --connection-string CS --proxy none --proxy-user u | --proxy none takes no other option",
                "send --connection-string CS --proxy a:1 --proxy-user u | --proxy-user and --proxy-password-file go together",
                "send --connection-string CS --proxy a:1 --proxy-password-file FILE | go together",
                "send --connection-string CS --proxy a:1 --proxy-user u --proxy-password-file /no | cannot read the file /no",
                "send --connection-string CS --proxy u:p@a:1 --proxy-user u --proxy-password-file FILE | its user is given twice",
                "send --connection-string CS --proxy a:1,b:1 --proxy-user u --proxy-password-file FILE | several proxies are named and one user",
                "send --connection-string CS --proxy a:1 --proxy-schemes Basic,Kerberos | --proxy-schemes: ",
                "send --connection-string CS --proxy a:1 --proxy-schemes Negotiate,Basic | --proxy-schemes Negotiate goes together with",
                "send --connection-string CS --proxy a:1 --proxy-schemes Basic --proxy-ticket-cache FILE | --proxy-schemes Negotiate",
                "send --connection-string CS --proxy a:1 --proxy-keytab FILE | --proxy-keytab and --proxy-principal go together",
                "send --connection-string CS --proxy a:1 --proxy-principal p | --proxy-keytab and --proxy-principal go together",
                "send --connection-string CS --proxy a:1 --proxy-keytab /no --proxy-principal p | --proxy-keytab: cannot read the file /no",
                "send --connection-string CS --proxy a:1 --proxy-keytab FILE --proxy-principal p --proxy-ticket-cache FILE | exclude each other",
                "send --connection-string CS --proxy a:1 --proxy-ticket-cache /no | --proxy-ticket-cache: cannot read the file /no",
                "send --connection-string CS --proxy none --proxy-ticket-cache FILE | --proxy none takes no other option",
                "send --connection-string CS --proxy a:1 --proxy-trust-bundle /no.pem | --proxy-trust-bundle: cannot read the file /no.pem",
                "send --connection-string CS --proxy a:1 --proxy-cert FILE | --proxy-cert and --proxy-key go together",
                "send --connection-string CS --proxy a:1 --proxy-cert FILE --proxy-key /no | --proxy-key: cannot read the file /no",
                "send --connection-string CS --trust-bundle /no.pem | cannot read the file /no.pem",
                "send --connection-string CS --timeout soon       | 'soon' is not a duration",
                "send --connection-string CS --count 0            | --count must be at least 1",
                "send --connection-string CS --size 5             | --size goes with --count",
                "send --connection-string CS --count 1 --size 262145 | --size 0..262144",
                "send --connection-string CS --window 0           | --window must be 1..",
                "send --connection-string CS --property novalue   | --property wants NAME=VALUE",
                "send --connection-string CS --ws-path ws         | starts with /",
                "receive --connection-string CS --settle maybe    | --settle",
                "receive --connection-string CS --max 0           | --max must be at least 1",
                "receive --connection-string CS --for 0s          | is not a duration",
                "provision                                        | --id-scope",
                "provision --id-scope S --registration-id r       | the key is missing",
                "provision --id-scope S/ --registration-id r --key-file KEY | an id scope is",
                "provision --id-scope S --registration-id r. --key-file KEY | a registration id is 1..128",
                "provision --id-scope S --registration-id r --key-file /no/such/file | cannot read /no/such/file",
                "provision --id-scope S --registration-id r --key-file KEY --group-key-file KEY | exclude each other",
                "provision --id-scope S --registration-id r --cert c.pem | --cert and --key go together",
                "provision --id-scope S --registration-id r --key-file BAD | not base64",
                "provision --id-scope S --registration-id r --key-file KEY --payload {x | not one JSON value",
                "provision --id-scope S --registration-id r --key-file KEY --host a/b | not a host name",
                "provision --id-scope S --registration-id r --key-file KEY --protocol Http | unknown protocol 'Http'",
                "twin                                             | a command is missing, there are get and report",
                "twin dance                                       | 'dance' is not a command or option of it, there are get and report",
                "twin get                                         | who connects is missing",
                "twin get --connection-string CS {}               | its text is not shown",
                "twin report --connection-string CS               | JSON",
                "twin report --connection-string CS []            | one JSON object",
                "twin report --connection-string CS {\"a\":1}x    | one JSON object",
                "twin report --connection-string CS -             | one JSON object",
                "twin report --connection-string CS {} --version 0 | --version must be at least 1",
                "twin report --connection-string CS {} --version x | 'x' is not a long",
                "emulator --mqtt-port 70000                       | a port must be 0..65535",
                "emulator --mqtt-port 0 --amqp-port 0 --ws-port 0 --api-port 0 --dir TMP --device d=x! | --device",
                "demo --count 0                                   | --count must be 1..100000",
                "bench --window 0                                 | --window 1..",
                "bench --protocol Http                            | unknown protocol",
                "faults --cell F49                                | there is no cell F49",
                "faults --quarter 5                               | a quarter is 1 to 4",
                "faults --parallel 0                              | --parallel must be 1..",
                "soak --every 30s                                 | --every is two durations",
                "soak --every 2s..1s                              | --every is two durations",
                "soak --for 20s                                   | --for and --round must be longer than the time to the first fault, --every 30s..90s",
                "soak --round 30s                                 | --for and --round must be longer",
                "soak --report /no/such/directory/soak.md         | --report: /no/such/directory/soak.md is no file in a directory that exists",
                "soak --identities 1                              | --identities must be 8..",
                "soak --rate 0                                    | --rate must be 1..10000, was 0",
                "soak --messages 0                                | --messages must be at least 1 and --round-messages 1..1000000",
                "faults --report /                                | --report: / is no file",
                "reconnects --report /no/such/directory/r.md      | --report: /no/such/directory/r.md is no file",
                "reconnects --cycles 0                            | --cycles must be 1..1000000 and --opens 0..1000000",
                "reconnects --protocol Http                       | --protocol: unknown protocol 'Http'",
            })
    void namesTheMistakeInOneLineWithAHint(String line, String fragment) {
        String[] args = words(line);
        Shell.Run run = Shell.run(args);
        assertEquals(Cli.USAGE, run.code(), run.toString());
        assertEquals(1, run.errLines().size(), run.err());
        assertTrue(run.err().contains(fragment), run.err());
        assertTrue(run.err().contains("--help'"), run.err());
        assertEquals("", run.out());
        assertFalse(run.toString().contains(CANARY), run.toString());
    }

    @Test
    void saysTheSameInJson() {
        Shell.Run run = Shell.run("send", "--json", "--frobnicate");
        assertEquals(Cli.USAGE, run.code());
        JsonNode error = run.last();
        assertEquals("error", error.get("event").asText());
        assertEquals("USAGE", error.get("kind").asText());
        assertEquals("arguments", error.get("stage").asText());
        assertEquals("here", error.get("hop").asText());
        assertFalse(error.get("transient").asBoolean());
        assertTrue(error.get("message").asText().contains("--frobnicate"));
        assertEquals(1, run.errLines().size());
    }

    @Test
    void refusesAnUnknownProtocolOfTheEnvironment() {
        Map<String, String> env = Map.of("upstreamPROTOCOL", "Https", "UPSTREAM_CONNECTION_STRING", STRING);
        Shell.Run run = Shell.run(env, "send");
        assertEquals(Cli.USAGE, run.code());
        assertTrue(run.err().contains("environment variable UpstreamProtocol: unknown protocol 'Https'"), run.err());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "demo",
                "emulator",
                "send",
                "receive",
                "twin",
                "twin get",
                "twin report",
                "provision",
                "bench",
                "faults",
                "soak"
            })
    void showsHelpOnStandardOutput(String command) {
        Shell.Run run = Shell.run(words(command + " --help"));
        assertEquals(Cli.DONE, run.code());
        assertTrue(run.out().startsWith("Usage: upstream"), run.out());
        assertEquals("", run.err());
    }

    @Test
    void tellsItsVersion() {
        assertEquals(UpstreamCommand.VERSION, Shell.run("--version").out().strip());
    }

    @Test
    void helpsInTwoWays() {
        assertEquals(Shell.run("--help").out(), Shell.run("help").out());
        assertEquals(
                Shell.run("send", "--help").out(), Shell.run("help", "send").out());
    }

    private String[] words(String line) {
        return Stream.of(line.split(" ", -1))
                .filter(word -> !word.isEmpty())
                .map(word -> switch (word) {
                    case "KEY" -> file("key", CANARY);
                    case "BAD" -> file("bad", CANARY + "!");
                    default ->
                        word.replace("CS", STRING).replace("FILE", "pom.xml").replace("TMP", directory.toString());
                })
                .toArray(String[]::new);
    }

    private String file(String name, String text) {
        try {
            return Files.writeString(directory.resolve(name), text).toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void hasAHelpLineForEachCommand() {
        List<String> commands = Arrays.asList(
                "demo", "emulator", "send", "receive", "twin", "provision", "bench", "faults", "soak", "reconnects");
        String help = Shell.run("--help").out();
        assertTrue(commands.stream().allMatch(command -> help.contains("  " + command + " ")), help);
    }
}
