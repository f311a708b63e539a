// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;

/** Where a command's words go: results to standard output, everything else to standard error. Any thread; lines stay whole. */
final class Console {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String CLEAR_LINE = "\r\u001b[K";

    private final PrintStream out;
    private final PrintStream err;
    private final boolean json;
    private final boolean terminal;
    private boolean progressShown;

    Console(Surroundings around, boolean json) {
        this.out = around.out();
        this.err = around.err();
        this.json = json;
        this.terminal = around.terminal();
    }

    /** Whether results are JSON. */
    boolean isJson() {
        return json;
    }

    /** Starts an object for {@link #json}. */
    static ObjectNode event(String name) {
        return JsonNodeFactory.instance.objectNode().put("event", name);
    }

    /** A result for people: one or more lines. */
    synchronized void print(String text) {
        clearProgress();
        line(out, text);
    }

    /** A result for programs: one line. */
    synchronized void json(ObjectNode object) {
        clearProgress();
        try {
            line(out, JSON.writeValueAsString(object));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of plain values is always JSON", e);
        }
    }

    /** Something to know that is no result. */
    synchronized void note(String text) {
        clearProgress();
        line(err, text);
    }

    /** A line that the next one replaces; shown on terminals only. */
    synchronized void progress(String text) {
        if (terminal) {
            err.print(CLEAR_LINE + text);
            err.flush();
            progressShown = true;
        }
    }

    /** Whether the reader of standard output has gone away. */
    boolean isBroken() {
        return out.checkError();
    }

    private void clearProgress() {
        if (progressShown) {
            progressShown = false;
            err.print(CLEAR_LINE);
        }
    }

    private static void line(PrintStream stream, String text) {
        stream.print(text + "\n");
        stream.flush();
    }
}
