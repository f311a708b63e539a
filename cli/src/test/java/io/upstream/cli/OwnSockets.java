// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The TCP connections that this process holds open, as Linux tells. */
final class OwnSockets {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
    private static final List<Path> TABLES = List.of(Path.of("/proc/self/net/tcp"), Path.of("/proc/self/net/tcp6"));
    private static final String LISTENING = "0A";

    private OwnSockets() {}

    static boolean canBeSeen() {
        return Files.isDirectory(DESCRIPTORS) && Files.isReadable(TABLES.get(0));
    }

    /** The descriptors of connections to one of {@code ports}; the other end of a connection within this process is not among them. */
    static Set<String> connectedTo(Set<Integer> ports) throws IOException {
        Set<String> open = descriptors();
        return rows().filter(row -> ports.contains(port(row[2])) && open.contains(row[9]))
                .map(row -> row[1] + ">" + row[2] + " inode " + row[9])
                .collect(Collectors.toSet());
    }

    private static Stream<String[]> rows() throws IOException {
        Stream<String> lines = Stream.empty();
        for (Path table : TABLES) {
            if (Files.isReadable(table)) {
                lines = Stream.concat(lines, Files.readAllLines(table).stream().skip(1));
            }
        }
        return lines.map(line -> line.strip().split("\\s+", -1)).filter(row -> !row[3].equals(LISTENING));
    }

    private static int port(String address) {
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1), 16);
    }

    /** The inodes of the sockets among the descriptors. */
    private static Set<String> descriptors() throws IOException {
        Set<String> inodes = new HashSet<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(DESCRIPTORS)) {
            for (Path descriptor : all) {
                String target = target(descriptor);
                if (target.startsWith("socket:[")) {
                    inodes.add(target.substring("socket:[".length(), target.length() - 1));
                }
            }
        }
        return inodes;
    }

    private static String target(Path descriptor) throws IOException {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (NoSuchFileException e) {
            return ""; // closed while the directory was read
        }
    }
}
