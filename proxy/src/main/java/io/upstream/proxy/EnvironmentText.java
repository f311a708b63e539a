// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Variables of this process as they were set, where the Java runtime could not read them: it decodes them by the locale, and in one without an
 * encoding, as in most containers, each octet beyond ASCII becomes {@code U+FFFD}. Linux keeps the octets in a file.
 */
final class EnvironmentText {
    private static final Path OF_THIS_PROCESS = Path.of("/proc/self/environ");
    private static final char LOST = '\uFFFD';

    private final Path file;

    EnvironmentText() {
        this(OF_THIS_PROCESS);
    }

    /** @param file {@code NAME=value} ended by a zero octet, any number of times; need not exist */
    EnvironmentText(Path file) {
        this.file = file;
    }

    static boolean isLost(String value) {
        return value.indexOf(LOST) >= 0;
    }

    /**
     * The text of which {@code value} is what is left. Empty if the file does not hold it: the value may be another's, or no UTF-8.
     *
     * @param value of the variable, as the Java runtime gives it
     */
    Optional<String> recover(String name, String value) {
        try {
            String octets = Files.readString(file, StandardCharsets.ISO_8859_1);
            String prefix = name + "=";
            for (String entry : octets.split("\0", -1)) {
                if (entry.startsWith(prefix)) {
                    byte[] bytes = entry.substring(prefix.length()).getBytes(StandardCharsets.ISO_8859_1);
                    return value.equals(new String(bytes, StandardCharsets.US_ASCII)) ? utf8(bytes) : Optional.empty();
                }
            }
            return Optional.empty();
        } catch (IOException e) {
            return Optional.empty(); // no Linux; the caller tells what to do
        }
    }

    private static Optional<String> utf8(byte[] bytes) {
        try {
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString());
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }
}
