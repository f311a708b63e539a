// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

/**
 * {@code tunnel-faults.csv} is the list of what proxies do wrong, by number. A test carries a number by a name that begins with it: its
 * display name, or the label of a row. Each number has a test, and no test has a number for which the table does not name it.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TunnelFaultTableTest {
    private static final String TABLE = "tunnel-faults.csv";
    private static final int LAST = 144;
    private static final String HERE = "proxy:io.upstream.proxy.";
    private static final Pattern LITERAL = Pattern.compile("\"((?:F\\d{2,3} )+)");
    private static final Set<String> KINDS =
            Arrays.stream(FailureKind.values()).map(Enum::name).collect(Collectors.toSet());

    private final Map<String, Set<String>> carriers = new TreeMap<>();

    /** Tests of this module by what JUnit would call them, those of other modules by their source. */
    @BeforeAll
    void findNumbers() throws Exception {
        Path classes = classes();
        for (Path file : under(classes, name -> name.endsWith("Test.class"))) {
            String name = classes.relativize(file).toString().replace('/', '.').replace(".class", "");
            note(TestNumbers.of(Class.forName(name)), "proxy:" + name);
        }
        for (Path module : modules()) {
            Path sources = module.resolve("src/test/java");
            for (Path file : under(sources, name -> name.endsWith(".java"))) {
                String name =
                        sources.relativize(file).toString().replace('/', '.').replace(".java", "");
                note(numbersIn(Files.readString(file)), module.getFileName() + ":" + name);
            }
        }
    }

    private void note(Collection<String> numbers, String test) {
        numbers.forEach(number ->
                carriers.computeIfAbsent(number, unused -> new TreeSet<>()).add(test));
    }

    private static Set<String> numbersIn(String source) {
        return LITERAL.matcher(source)
                .results()
                .map(found -> found.group(1))
                .flatMap(found -> TestNumbers.in(found).stream())
                .collect(Collectors.toSet());
    }

    private static Path classes() throws URISyntaxException {
        return Path.of(TunnelFaultTableTest.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
    }

    private static Path root() throws URISyntaxException {
        return Objects.requireNonNull(classes().resolve("../../..").normalize());
    }

    /** But for this one. */
    private static List<Path> modules() throws IOException, URISyntaxException {
        try (Stream<Path> all = Files.list(root())) {
            return all.filter(each -> Files.isDirectory(each.resolve("src/test/java")) && !each.endsWith("proxy"))
                    .toList();
        }
    }

    private static List<Path> under(Path directory, Predicate<String> wanted) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            return all.filter(each -> wanted.test(each.toString())).toList();
        }
    }

    private static Set<String> named(String tests) {
        return Arrays.stream(tests.split(" ", -1))
                .map(test -> test.indexOf(':') < 0 ? HERE + test : test)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvFileSource(resources = TABLE, delimiter = '|', numLinesToSkip = 1)
    void isCarriedByTheTestsThatTheTableNames(
            String number, String name, String proxy, String outcome, String tests, String note) throws Exception {
        assertEquals(named(tests), carriers.get(number), name + ": " + proxy);
        StringBuilder sources = new StringBuilder();
        for (String test : named(tests)) {
            sources.append(source(test));
        }
        for (String kind : outcome.split(" ", -1)) {
            assertTrue(kind.equals("opens") || KINDS.contains(kind), kind);
            assertTrue(kind.equals("opens") || sources.indexOf(kind) >= 0, "no test of " + number + " expects " + kind);
        }
        assertTrue(note == null || !note.isBlank());
    }

    private static String source(String test) throws IOException, URISyntaxException {
        String[] parts = test.split(":", -1);
        String file = parts[1].replace('.', '/') + ".java";
        return Files.readString(
                root().resolve(parts[0]).resolve("src/test/java").resolve(file));
    }

    @Test
    void numbersEveryFaultOnceAndNoTestHasAnother() throws Exception {
        List<String> all =
                IntStream.rangeClosed(1, LAST).mapToObj("F%02d"::formatted).toList();
        List<String> rows;
        try (var table = Objects.requireNonNull(TunnelFaultTableTest.class.getResourceAsStream(TABLE))) {
            rows = new String(table.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .skip(1)
                    .map(line -> line.replaceFirst("\\|.*", ""))
                    .toList();
        }
        assertEquals(all, rows);
        assertEquals(new TreeSet<>(all), carriers.keySet());
    }

    @Test
    void readsANumberOnlyWhereANameBegins() {
        assertEquals(List.of("F01", "F144"), TestNumbers.in("F01 F144 two"));
        assertEquals(List.of(), TestNumbers.in("as for F06"));
        assertEquals(List.of(), TestNumbers.in("F00D"));
        assertEquals(Set.of("F07"), numbersIn("x(\"F07 chunked\", \"not F08\") // \"F0 00\""));
    }
}
