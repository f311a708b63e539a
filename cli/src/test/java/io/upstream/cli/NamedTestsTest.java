// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Each row of docs/promises.md and docs/known-failures.md names tests that exist, as {@code `ClassName#methodName`}. A test of a promise says
 * so itself, by its number, in its Javadoc or display name or in the Javadoc of its class.
 */
class NamedTestsTest {
    private static final Path PROMISES = Path.of("..", "docs", "promises.md");
    private static final Path FAILURES = Path.of("..", "docs", "known-failures.md");
    private static final Set<String> HEADINGS = Set.of("tests", "why not here");
    private static final Pattern NAME = Pattern.compile("`(\\w+)#(\\w+)`");
    private static final Pattern SENTENCE = Pattern.compile("\\w+(\\W+\\w+){3,}.*");

    /** What a row has to say for itself. */
    private enum Kind {
        PROMISE,
        FAILURE
    }

    private record Row(String number, String tests) {
        boolean namesNone() {
            return !NAME.matcher(tests).find();
        }
    }

    @Test
    void eachPromiseHasARowAndTestsThatNameIt() throws IOException {
        List<String> lines = Files.readAllLines(PROMISES);
        assertEquals(numbers("P%d", 40), numbers(rows(lines, "P\\d+")));
        assertEquals(List.of(), complaints(lines, "P\\d+", Kind.PROMISE, TestSources.read()));
    }

    @Test
    void eachKnownFailureHasARowAndTestsOrAReason() throws IOException {
        if (!Files.exists(FAILURES)) {
            return; // the list of promises stands without it
        }
        List<String> lines = Files.readAllLines(FAILURES);
        List<String> rows = numbers(rows(lines, "K\\d\\d[a-z]?"));
        assertEquals(rows.stream().distinct().toList(), rows);
        assertEquals(
                numbers("K%02d", 92),
                rows.stream()
                        .map(row -> row.substring(0, 3))
                        .distinct()
                        .sorted()
                        .toList());
        assertEquals(List.of(), complaints(lines, "K\\d\\d[a-z]?", Kind.FAILURE, TestSources.read()));
    }

    private static List<String> numbers(String format, int last) {
        return IntStream.rangeClosed(1, last).mapToObj(format::formatted).toList();
    }

    private static List<String> numbers(List<Row> rows) {
        return rows.stream().map(Row::number).toList();
    }

    /** The cells below {@link #HEADINGS} of all tables whose rows begin with a number of that kind. */
    private static List<Row> rows(List<String> lines, String number) {
        List<Row> rows = new ArrayList<>();
        int column = -1;
        for (String line : lines) {
            List<String> cells = cells(line);
            if (cells.stream().anyMatch(HEADINGS::contains)) {
                column = cells.indexOf(
                        cells.stream().filter(HEADINGS::contains).findFirst().orElseThrow());
            } else if (!cells.isEmpty() && cells.get(0).matches(number)) {
                rows.add(new Row(cells.get(0), column >= 0 && column < cells.size() ? cells.get(column) : ""));
            }
        }
        return rows;
    }

    private static List<String> cells(String line) {
        if (!line.startsWith("|")) {
            return List.of();
        }
        return Arrays.stream(line.substring(1).split("(?<!\\\\)\\|", -1))
                .map(String::strip)
                .collect(Collectors.toList());
    }

    private static List<String> complaints(List<String> lines, String number, Kind kind, TestSources sources) {
        List<String> complaints = new ArrayList<>();
        for (Row row : rows(lines, number)) {
            if (row.namesNone()
                    && (kind == Kind.PROMISE || !SENTENCE.matcher(row.tests()).matches())) {
                complaints.add(row.number() + " has neither a test nor a reason");
            }
            NAME.matcher(row.tests()).results().forEach(name -> {
                String complaint = complaint(row.number(), name.group(1), name.group(2), kind, sources);
                if (!complaint.isEmpty()) {
                    complaints.add(row.number() + " names " + name.group() + ", " + complaint);
                }
            });
        }
        return complaints;
    }

    private static String complaint(String number, String type, String method, Kind kind, TestSources sources) {
        if (!sources.hasClass(type)) {
            return "but there is no such class";
        }
        List<TestSources.Found> found = sources.find(type, method);
        if (found.isEmpty()) {
            return "but there is no such test";
        }
        boolean named = kind == Kind.FAILURE || found.stream().anyMatch(test -> test.mentions(number));
        return named ? "" : "which does not mention it";
    }

    @Test
    void noticesWhatIsWrongWithARow() {
        TestSources sources = TestSources.none();
        sources.add("ATest", """
                /** About P1. */
                final class ATest {
                    int helper;

                    @Test
                    void one() {}

                    /** P2: here. */
                    @ParameterizedTest
                    void two() {}

                    // P20
                    void three() {}
                }
                """);
        List<String> lines = List.of(
                "| | promise | tests |",
                "| P1 | a | `ATest#one` |",
                "| P2 | b | `ATest#two`, `ATest#one` |",
                "| P3 | c | `BTest#one` |",
                "| P20 | d | `ATest#three` |",
                "| P5 | e | nobody has written one yet |",
                "| P6 | f \\| g | `ATest#two` |",
                "| P7 |");

        assertEquals(
                List.of(
                        "P2 names `ATest#one`, which does not mention it",
                        "P3 names `BTest#one`, but there is no such class",
                        "P20 names `ATest#three`, but there is no such test",
                        "P5 has neither a test nor a reason",
                        "P6 names `ATest#two`, which does not mention it",
                        "P7 has neither a test nor a reason"),
                complaints(lines, "P\\d+", Kind.PROMISE, sources));
        assertTrue(
                complaints(lines.subList(0, 3), "P\\d+", Kind.FAILURE, sources).isEmpty());
        assertTrue(
                complaints(lines.subList(5, 6), "P\\d+", Kind.PROMISE, sources).size() == 1);
        assertEquals(
                List.of("P7 has neither a test nor a reason"),
                complaints(List.of(lines.get(0), lines.get(5), lines.get(7)), "P\\d+", Kind.FAILURE, sources));
    }
}
