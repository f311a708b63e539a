// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.ProxyChallenge;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Reads one line of challenges, where commas separate both challenges and their parameters. Where the line breaks the grammar, as with
 * squid's unescaped quotes in a realm, or is too long, the challenge at that place keeps its scheme, loses its parameters, and ends the
 * line. One pass.
 */
final class ChallengeReader {
    static final int MAX_CHALLENGES = 16;
    static final int MAX_PARAMETERS = 32;
    static final int MAX_LINE = 8 << 10;

    private final String line;
    private final boolean cut;
    private final List<ProxyChallenge> found = new ArrayList<>();
    private int at;
    private String scheme = "";
    private String token = "";
    private final Map<String, String> parameters = new HashMap<>();

    ChallengeReader(String line) {
        this.cut = line.length() > MAX_LINE;
        this.line = line.length() <= MAX_LINE ? line : line.substring(0, MAX_LINE);
    }

    /** All challenges of all field lines, at most {@value #MAX_CHALLENGES}. */
    static List<ProxyChallenge> readAll(List<String> lines) {
        return lines.stream()
                .flatMap(line -> new ChallengeReader(line).read().stream())
                .limit(MAX_CHALLENGES)
                .toList();
    }

    List<ProxyChallenge> read() {
        boolean sound = true;
        while (sound && skipSeparators() && found.size() < MAX_CHALLENGES) {
            sound = element();
        }
        if (!sound || cut) {
            token = "";
            parameters.clear();
        }
        endOfChallenge();
        return List.copyOf(found);
    }

    /** A parameter if {@code =} follows the name within a challenge, else the scheme of the next challenge. */
    private boolean element() {
        String name = name();
        if (name.isEmpty()) {
            return false;
        }
        int behindName = at;
        skipBlanks();
        if (at < line.length() && line.charAt(at) == '=') {
            at++;
            return !scheme.isEmpty() && token.isEmpty() && parameter(name) && atSeparator();
        }
        endOfChallenge();
        scheme = name;
        if (at == behindName || at == line.length() || line.charAt(at) == ',') {
            return atSeparator();
        }
        return token68() || firstParameter();
    }

    private boolean firstParameter() {
        String name = name();
        skipBlanks();
        if (name.isEmpty() || at == line.length() || line.charAt(at) != '=') {
            return false;
        }
        at++;
        return parameter(name) && atSeparator();
    }

    /** The padding of a token must not be taken for the sign between a name and its value. */
    private boolean token68() {
        int start = at;
        while (at < line.length() && (isAlphanumeric(line.charAt(at)) || "-._~+/".indexOf(line.charAt(at)) >= 0)) {
            at++;
        }
        int end = at;
        while (at < line.length() && line.charAt(at) == '=') {
            at++;
        }
        if (end > start && atSeparator()) {
            token = line.substring(start, at).strip();
            return true;
        }
        at = start;
        return false;
    }

    private boolean parameter(String name) {
        skipBlanks();
        Optional<String> value = at < line.length() && line.charAt(at) == '"' ? quoted() : Optional.of(name());
        if (value.isEmpty() || parameters.size() == MAX_PARAMETERS) {
            return false;
        }
        parameters.putIfAbsent(name.toLowerCase(Locale.ROOT), value.get());
        return true;
    }

    private Optional<String> quoted() {
        StringBuilder value = new StringBuilder();
        for (at++; at < line.length(); at++) {
            char c = line.charAt(at);
            if (c == '"') {
                at++;
                return Optional.of(value.toString());
            }
            if (c == '\\' && ++at == line.length()) {
                break;
            }
            value.append(line.charAt(at));
        }
        return Optional.empty();
    }

    private String name() {
        int start = at;
        while (at < line.length()
                && (isAlphanumeric(line.charAt(at)) || "!#$%&'*+-.^_`|~".indexOf(line.charAt(at)) >= 0)) {
            at++;
        }
        return line.substring(start, at);
    }

    private void endOfChallenge() {
        if (!scheme.isEmpty() && found.size() < MAX_CHALLENGES) {
            found.add(new ProxyChallenge(scheme, token, parameters));
        }
        scheme = "";
        token = "";
        parameters.clear();
    }

    private boolean skipSeparators() {
        while (at < line.length() && (isBlank(line.charAt(at)) || line.charAt(at) == ',')) {
            at++;
        }
        return at < line.length();
    }

    private boolean atSeparator() {
        skipBlanks();
        return at == line.length() || line.charAt(at) == ',';
    }

    private void skipBlanks() {
        while (at < line.length() && isBlank(line.charAt(at))) {
            at++;
        }
    }

    private static boolean isBlank(char c) {
        return c == ' ' || c == '\t';
    }

    private static boolean isAlphanumeric(char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    }
}
