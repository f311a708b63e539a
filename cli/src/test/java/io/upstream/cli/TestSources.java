// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The tests of all modules as text, so that tables may name tests which this module does not depend on. */
final class TestSources {
    private static final Path ROOT = Path.of("..");
    private static final Pattern TEST =
            Pattern.compile("@(Test|FuzzTest|ParameterizedTest|RepeatedTest|TestFactory)\\b");

    /** By the simple name of the class: the same name may occur in several modules. */
    private final Map<String, List<String>> sources = new HashMap<>();

    private TestSources() {}

    /**
     * One test.
     *
     * @param about what stands directly above it, annotations and Javadoc, and above its class
     */
    record Found(String about) {
        boolean mentions(String number) {
            return Pattern.compile("\\b" + number + "\\b").matcher(about).find();
        }
    }

    static TestSources read() throws IOException {
        TestSources all = new TestSources();
        try (Stream<Path> modules = Files.list(ROOT)) {
            for (Path module : modules.toList()) {
                all.addModule(module.resolve("src/test/java"));
            }
        }
        return all;
    }

    private void addModule(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file :
                    files.filter(each -> each.toString().endsWith(".java")).toList()) {
                add(file.getFileName().toString().replace(".java", ""), Files.readString(file));
            }
        }
    }

    void add(String type, String source) {
        sources.computeIfAbsent(type, name -> new ArrayList<>()).add(source);
    }

    static TestSources none() {
        return new TestSources();
    }

    boolean hasClass(String type) {
        return sources.containsKey(type);
    }

    /** The tests of that name; more than one where classes of several modules have both names in common. */
    List<Found> find(String type, String method) {
        List<Found> found = new ArrayList<>();
        for (String source : sources.getOrDefault(type, List.of())) {
            Matcher matcher =
                    Pattern.compile("(?m)^ .*\\bvoid " + method + "\\(").matcher(source);
            while (matcher.find()) {
                String above = above(source.substring(0, matcher.start()));
                if (TEST.matcher(above).find()) {
                    found.add(new Found(aboveClass(source, type) + above + method));
                }
            }
        }
        return found;
    }

    /** As far up as no line is empty. */
    private static String above(String before) {
        int gap = before.lastIndexOf("\n\n");
        return before.substring(gap < 0 ? 0 : gap);
    }

    private static String aboveClass(String source, String type) {
        Matcher declared =
                Pattern.compile("(?m)^(?:[a-z]+ )*class " + type + "\\b").matcher(source);
        return declared.find() ? source.substring(0, declared.start()) : "";
    }
}
