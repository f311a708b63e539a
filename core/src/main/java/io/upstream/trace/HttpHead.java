// SPDX-License-Identifier: Apache-2.0
package io.upstream.trace;

/**
 * The head of an HTTP message, of which the first line is shown: method and target of a request, without what follows a question mark;
 * version and code of a response, without its text, in which anything can stand. All field lines are left out.
 */
final class HttpHead {
    private static final int LONGEST = 200;

    private final String prefix;
    private final Scanner.Sink sink;
    private final StringBuilder line = new StringBuilder();
    private boolean shown;
    private int lineLength;

    HttpHead(String prefix, Scanner.Sink sink) {
        this.prefix = prefix;
        this.sink = sink;
    }

    /** Takes the next byte; tells whether the head ends with it, and begins with another one then. */
    boolean take(byte octet) {
        if (octet != '\n') {
            if (octet != '\r') {
                lineLength++;
            }
            if (!shown && line.length() < LONGEST) {
                line.append(octet > ' ' && octet < 0x7F ? (char) octet : octet == ' ' ? ' ' : '?');
            }
            return false;
        }
        boolean ends = lineLength == 0;
        lineLength = 0;
        if (!shown) {
            shown = true;
            sink.line(prefix + firstLine(line.toString()));
        }
        if (ends) {
            shown = false;
            line.setLength(0);
        }
        return ends;
    }

    static String firstLine(String line) {
        String[] words = line.split(" ", 3);
        if (words[0].startsWith("HTTP/")) {
            boolean plain =
                    words.length > 1 && words[0].matches("HTTP/[0-9.]{1,3}") && words[1].matches("[0-9]{3}\\??");
            return plain ? words[0] + " " + words[1].substring(0, 3) : "a response of no known form";
        }
        if (words.length < 2 || !words[0].matches("[A-Z]{1,10}")) {
            return "a request of no known form";
        }
        int query = words[1].indexOf('?');
        String target = query < 0 ? words[1] : words[1].substring(0, query) + "?...";
        int user = target.lastIndexOf('@');
        return words[0] + " " + target.substring(user + 1);
    }
}
