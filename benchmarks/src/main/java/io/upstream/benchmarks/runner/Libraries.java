// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The class paths: ours is that of this process; a peer has its own directory with its own dependencies, and of ours only the harness.
 *
 * @param peers a directory for each peer
 */
record Libraries(Path peers) {
    private static final Pattern JAR = Pattern.compile("(.+?)-(\\d[\\w.]*?(?:-SNAPSHOT)?)(?:-[a-z_0-9-]+)?\\.jar");
    private static final List<String> HARNESS = List.of("upstream-benchmarks", "HdrHistogram");

    /** The jars by which a client is known. */
    private static final List<String> NAMED = List.of(
            "hivemq-mqtt-client",
            "org.eclipse.paho.client.mqttv3",
            "protonj2-client",
            "qpid-jms-client",
            "iot-device-client");

    /** What the client's JVM loads from. */
    String classPath(String client) {
        if (client.startsWith("upstream")) {
            return System.getProperty("java.class.path");
        }
        String harness = String.join(
                File.pathSeparator, ownEntries().filter(Libraries::isHarness).toList());
        return client.equals("limit")
                ? harness
                : harness + File.pathSeparator + peers.resolve(directory(client)) + File.separator + "*";
    }

    private static String directory(String client) {
        return client.equals("azure-raised") ? "azure" : client;
    }

    private static Stream<String> ownEntries() {
        return Arrays.stream(System.getProperty("java.class.path").split(Pattern.quote(File.pathSeparator), -1));
    }

    private static boolean isHarness(String entry) {
        String name = Path.of(entry).getFileName().toString();
        return HARNESS.stream().anyMatch(name::startsWith) || Files.isDirectory(Path.of(entry));
    }

    /** The versions of what was compared and of the Netty that each client stands on, by client. */
    Map<String, String> versions() throws IOException {
        Map<String, String> versions = new TreeMap<>();
        versions.put("upstream", version(ownEntries().map(Path::of).toList(), "upstream-core"));
        try (Stream<Path> directories = Files.list(peers)) {
            for (Path directory : directories.sorted().toList()) {
                versions.put(directory.getFileName().toString(), describe(directory));
            }
        }
        return versions;
    }

    private static String describe(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            List<Path> jars = files.toList();
            return NAMED.stream()
                    .map(name -> version(jars, name))
                    .filter(version -> !version.isEmpty())
                    .reduce((paho, azure) -> azure)
                    .orElse("?");
        }
    }

    /** The version in the name of the jar {@code artifact}, or empty. */
    static String version(List<Path> jars, String artifact) {
        for (Path jar : jars) {
            Matcher matcher = JAR.matcher(jar.getFileName().toString());
            if (matcher.matches() && matcher.group(1).equals(artifact)) {
                return matcher.group(2);
            }
        }
        return "";
    }
}
