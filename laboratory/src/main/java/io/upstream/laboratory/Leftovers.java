// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * What a client has left behind: threads of this thread's group, for all that are made on the way inherit it, and connections to a port. Where
 * there is no {@code /proc}, connections are not seen.
 */
final class Leftovers {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final List<Path> TABLES = List.of(Path.of("/proc/self/net/tcp"), Path.of("/proc/self/net/tcp6"));
    private static final String LISTENING = "0A";
    /** Those that a client makes; what belongs to the hub, the proxy and the relays is there for longer. */
    private static final String CLIENT = "upstream-";

    private static final String HUB = "upstream-emulator";
    private static final long PATIENCE_MILLIS = 5_000;

    private Leftovers() {}

    /** Gives everything a moment to go. */
    static Evidence.Left of(int port) throws IOException, InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MILLIS);
        while (true) {
            Evidence.Left left = new Evidence.Left(threads(), connectionsTo(port));
            boolean clean = left.threads().isEmpty() && left.sockets().isEmpty();
            if (clean || System.nanoTime() - end > 0) {
                return left;
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    private static List<String> threads() {
        ThreadGroup group = Thread.currentThread().getThreadGroup();
        Thread[] some = new Thread[group.activeCount() + 64];
        int count = group.enumerate(some);
        return Arrays.stream(some, 0, count)
                .map(Thread::getName)
                .filter(name -> name.startsWith(CLIENT) && !name.startsWith(HUB))
                .toList();
    }

    /** How many descriptors this process has open; -1 if that cannot be seen. */
    static int descriptors() {
        try {
            return Files.isDirectory(DESCRIPTORS) ? inodes().size() : -1;
        } catch (IOException e) {
            return -1;
        }
    }

    /** The resident set of this process; 0 if that cannot be seen. */
    static long residentBytes() {
        try {
            return Files.readAllLines(STATUS).stream()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1_024)
                    .sum();
        } catch (IOException e) {
            return 0;
        }
    }

    /** Those on the side of whoever has connected. */
    static List<String> connectionsTo(int port) throws IOException {
        List<String> found = new ArrayList<>();
        if (!Files.isDirectory(DESCRIPTORS)) {
            return found;
        }
        Set<String> open = new HashSet<>(inodes());
        for (Path table : TABLES) {
            if (!Files.isReadable(table)) {
                continue;
            }
            for (String line : Files.readAllLines(table)) {
                String[] row = line.strip().split("\\s+", -1);
                if (row.length > 9
                        && row[2].endsWith(":" + String.format("%04X", port))
                        && !row[3].equals(LISTENING)
                        && open.contains("socket:[" + row[9] + "]")) {
                    found.add(row[1] + ">" + row[2]);
                }
            }
        }
        return found;
    }

    private static List<String> inodes() throws IOException {
        List<String> all = new ArrayList<>();
        try (DirectoryStream<Path> descriptors = Files.newDirectoryStream(DESCRIPTORS)) {
            for (Path each : descriptors) {
                try {
                    all.add(Files.readSymbolicLink(each).toString());
                } catch (NoSuchFileException e) {
                    // closed while the directory was read
                }
            }
        }
        return all;
    }
}
