// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
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

    /** CS stands for a connection string that can be used, TMP for an empty directory, FILE for one that can be read. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "\"\"                                               | a command is missing, there are demo, emulator, send, receive, bench and help",
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
                "emulator --mqtt-port 70000                       | a port must be 0..65535",
                "emulator --mqtt-port 0 --amqp-port 0 --ws-port 0 --api-port 0 --dir TMP --device d=x! | --device",
                "demo --count 0                                   | --count must be 1..100000",
                "bench --window 0                                 | --window 1..",
                "bench --protocol Http                            | unknown protocol",
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
    @ValueSource(strings = {"", "demo", "emulator", "send", "receive", "bench"})
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
                .map(word ->
                        word.replace("CS", STRING).replace("FILE", "pom.xml").replace("TMP", directory.toString()))
                .toArray(String[]::new);
    }

    @Test
    void hasAHelpLineForEachCommand() {
        List<String> commands = Arrays.asList("demo", "emulator", "send", "receive", "bench");
        String help = Shell.run("--help").out();
        assertTrue(commands.stream().allMatch(command -> help.contains("  " + command + " ")), help);
    }
}
