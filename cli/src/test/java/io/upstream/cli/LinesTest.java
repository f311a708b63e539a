// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LinesTest {
    private static final int LIMIT = 8;

    @ParameterizedTest
    @CsvSource(
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "'',''",
                "a,[a]",
                "a~,[a]",
                "a~b,[a][b]",
                "a^~b^~,[a][b]",
                "~,[]",
                "~~x~,[][][x]",
                "^~,[]",
                "a^,[a^]",
                "a^b~,[a^b]",
                "12345678~x,[12345678][x]",
                "12345678^~x,[12345678][x]",
                "123456789~x,#[x]",
                "12345678^,#",
                "123456789012345678901234567890~~,#[]",
                "grüße~,[grüße]",
            })
    void cutsWhereverTheReadsEnd(String input, String expected) throws IOException {
        byte[] bytes = input.replace('~', '\n').replace('^', '\r').getBytes(StandardCharsets.UTF_8);
        for (int chunk = 1; chunk <= Math.max(1, bytes.length); chunk++) {
            assertEquals(expected, cut(new Chunks(bytes, chunk)), "chunks of " + chunk);
        }
    }

    @Test
    void countsLines() throws IOException {
        Lines lines = new Lines(new ByteArrayInputStream("a\n\nb".getBytes(StandardCharsets.UTF_8)), LIMIT);
        List<Long> numbers = new ArrayList<>();
        for (Lines.Line line = lines.next(); line != null; line = lines.next()) {
            numbers.add(line.number());
        }
        assertEquals(List.of(1L, 2L, 3L), numbers);
        assertNull(lines.next());
    }

    private static String cut(InputStream in) throws IOException {
        Lines lines = new Lines(in, LIMIT);
        StringBuilder text = new StringBuilder();
        for (Lines.Line line = lines.next(); line != null; line = lines.next()) {
            byte[] bytes = line.bytes();
            text.append(bytes == null ? "#" : "[" + new String(bytes, StandardCharsets.UTF_8) + "]");
        }
        return text.toString().replace('\n', '~').replace('\r', '^');
    }

    private static final class Chunks extends FilterInputStream {
        private final int chunk;

        Chunks(byte[] bytes, int chunk) {
            super(new ByteArrayInputStream(bytes));
            this.chunk = chunk;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            return super.read(buffer, offset, Math.min(length, chunk));
        }
    }
}
