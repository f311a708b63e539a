// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.codec;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.Main;

/** JMH's own main with two defaults: bytes allocated per operation are measured, and the result is kept for {@link CodecReport}. */
public final class CodecSuite {
    private static final Path DIRECTORY = Path.of("benchmarks", "target");
    static final Path RESULT = DIRECTORY.resolve("codecs.json");

    private CodecSuite() {}

    /** Takes JMH's options. */
    public static void main(String[] args) throws IOException {
        List<String> all = new ArrayList<>(List.of(args));
        if (!all.contains("-prof")) {
            all.addAll(List.of("-prof", "gc"));
        }
        if (!all.contains("-rf") && Files.isDirectory(DIRECTORY)) {
            all.addAll(List.of("-rf", "json", "-rff", RESULT.toString()));
        }
        Main.main(all.toArray(String[]::new));
    }
}
