// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The rows of {@code demo} and {@code bench}, for people and for programs. */
final class Table {
    private static final String FORM = "%-8s  %-7s  %15s  %10s  %9s  %9s";

    private final Console console;

    Table(Console console) {
        this.console = console;
    }

    /**
     * What one protocol did on one route.
     *
     * @param delivered how many messages arrived, in order and byte by byte where that was looked at
     * @param failure why not all did, or null
     */
    record Row(
            String protocol,
            String route,
            long messages,
            long delivered,
            Tally tally,
            @Nullable String failure) {
        boolean isGood() {
            return failure == null && delivered == messages;
        }
    }

    void head() {
        if (!console.isJson()) {
            console.print(String.format(FORM, "protocol", "route", "delivered", "messages/s", "p50", "p99"));
        }
    }

    void row(Row row) {
        Tally tally = row.tally();
        if (console.isJson()) {
            ObjectNode object = Console.event("row")
                    .put("protocol", row.protocol())
                    .put("route", row.route())
                    .put("messages", row.messages())
                    .put("delivered", row.delivered())
                    .put("messagesPerSecond", tally.messagesPerSecond())
                    .put("p50Micros", tally.p50Micros())
                    .put("p99Micros", tally.p99Micros());
            if (row.failure() != null) {
                object.put("failure", row.failure());
            }
            console.json(object);
            return;
        }
        String line = String.format(
                Locale.ROOT,
                FORM,
                row.protocol(),
                row.route(),
                row.delivered() + "/" + row.messages(),
                tally.messagesPerSecond(),
                micros(tally.p50Micros()),
                micros(tally.p99Micros()));
        console.print(row.failure() == null ? line : line + "  " + row.failure());
    }

    /** {@code 850 µs}, {@code 1.4 ms} or {@code 2.1 s}. */
    static String micros(long micros) {
        if (micros < 1_000) {
            return micros + " µs";
        }
        return micros < 1_000_000
                ? String.format(Locale.ROOT, "%.1f ms", micros / 1e3)
                : String.format(Locale.ROOT, "%.1f s", micros / 1e6);
    }

    /** To the millisecond. */
    static double round(double seconds) {
        return Math.round(seconds * 1_000) / 1_000.0;
    }
}
