// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Where it was measured. */
record Machine(String cpu, int processors, long memoryGib, String os, String java) {
    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

    static Machine here() {
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return new Machine(
                cpuName(),
                Runtime.getRuntime().availableProcessors(),
                Math.round(system.getTotalMemorySize() / (double) (1 << 30)),
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"),
                System.getProperty("java.vm.name") + " " + Runtime.version());
    }

    /** What newer JVMs want said, so that nobody's natives and nobody's Unsafe are slowed by warnings. */
    static List<String> flags() {
        int version = Runtime.version().feature();
        List<String> access = version < 22 ? List.of() : List.of("--enable-native-access=ALL-UNNAMED");
        return version < 23
                ? access
                : List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow");
    }

    private static String cpuName() {
        try {
            return Files.readAllLines(CPU_INFO).stream()
                    .filter(line -> line.startsWith("model name"))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse(System.getProperty("os.arch"));
        } catch (IOException e) {
            return System.getProperty("os.arch");
        }
    }

    /** One line for a chart's footer. */
    String text() {
        return processors + " × " + cpu + ", " + memoryGib + " GiB, " + os + ", " + java;
    }
}
