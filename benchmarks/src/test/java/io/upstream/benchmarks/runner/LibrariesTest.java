// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LibrariesTest {
    private static final Pattern VERSION =
            Pattern.compile("<((?:hivemq|paho|protonj2|qpid-jms|azure)\\.version)>([^<]+)<");

    @ParameterizedTest
    @CsvSource({
        "hivemq-mqtt-client-1.4.2.jar, hivemq-mqtt-client, 1.4.2",
        "upstream-core-0.1.0-SNAPSHOT.jar, upstream-core, 0.1.0-SNAPSHOT",
        "netty-transport-native-epoll-4.1.130.Final-linux-x86_64.jar, netty-transport-native-epoll, 4.1.130.Final",
        "hivemq-mqtt-client-1.4.2.jar, hivemq, ''"
    })
    void readsVersionsFromNames(String jar, String artifact, String version) {
        assertEquals(version, Libraries.version(List.of(Path.of("lib", jar)), artifact));
    }

    @Test
    void runsThePeersThatAreCompiledAgainst() throws IOException {
        Map<String, String> compiled = versions(Path.of("../pom.xml"));
        compiled.putAll(versions(Path.of("pom.xml")));
        Map<String, String> run = versions(Path.of("peers/pom.xml"));
        assertFalse(run.isEmpty());
        compiled.keySet().retainAll(run.keySet());
        assertEquals(compiled, run);
    }

    private static Map<String, String> versions(Path pom) throws IOException {
        Map<String, String> versions = new TreeMap<>();
        Matcher matcher = VERSION.matcher(Files.readString(pom));
        while (matcher.find()) {
            versions.put(matcher.group(1), matcher.group(2));
        }
        return versions;
    }
}
