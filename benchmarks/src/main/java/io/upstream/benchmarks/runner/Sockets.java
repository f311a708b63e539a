// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The TCP connections of this machine, as Linux tells of them. */
final class Sockets {
    private static final List<Path> TABLES = List.of(Path.of("/proc/self/net/tcp"), Path.of("/proc/self/net/tcp6"));
    private static final String ESTABLISHED = "01";
    private static final int REMOTE = 2;
    private static final int STATE = 3;

    private Sockets() {}

    /** How many are established to this IPv4 address and port; 0 where there is no such table. */
    static int connectionsTo(String address, int port) throws IOException {
        List<String> lines = new ArrayList<>();
        for (Path table : TABLES) {
            if (Files.isReadable(table)) {
                lines.addAll(Files.readAllLines(table));
            }
        }
        return count(lines, remote(InetAddress.getByName(address).getAddress(), port));
    }

    /** As the table has it: the address as a little endian number, at the end of a longer one if it is mapped into IPv6. */
    static String remote(byte[] address, int port) {
        return String.format(
                Locale.ROOT, "%02X%02X%02X%02X:%04X", address[3], address[2], address[1], address[0], port);
    }

    static int count(List<String> lines, String remote) {
        return (int) lines.stream()
                .map(line -> line.strip().split("\\s+"))
                .filter(words ->
                        words.length > STATE && words[REMOTE].endsWith(remote) && words[STATE].equals(ESTABLISHED))
                .count();
    }
}
