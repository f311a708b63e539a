// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.upstream.DesiredChange;
import io.upstream.FailureKind;
import io.upstream.Twin;
import io.upstream.UpstreamException;
import java.io.IOException;
import java.nio.charset.Charset;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TwinDocumentTest {

    @Test
    void readsBothPartsAsTheHubWroteThem() throws IOException {
        String desired = "{\"foo\" : \"bär\",\"deep\":{\"$version\":7,\"a\":[1,{}]},\"$version\":2}";
        String reported = "{\"$version\":1}";
        Twin twin = TwinDocument.read(
                ("{\"desired\":" + desired + ", \"reported\" : " + reported + ",\"tags\":[{}]}").getBytes(UTF_8));
        assertEquals(new Twin(desired, 2, reported, 1), twin);
    }

    @Test
    void takesAnAbsentPartForAnEmptyOne() throws IOException {
        assertEquals(new Twin("{}", 0, "{}", 0), TwinDocument.read("{}".getBytes(UTF_8)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "[]",
                "1",
                "\"x\"",
                "{",
                "{}x",
                "{}{}",
                "{\"desired\":1}",
                "{\"reported\":[]}",
                "{\"desired\":{\"a\":}}",
                "{\"desired\":{\"$version\":99999999999999999999}}",
                "\u0000",
                "nul"
            })
    void refusesWhatIsNoTwin(String text) {
        IOException refused = assertThrows(IOException.class, () -> TwinDocument.read(text.getBytes(UTF_8)));
        assertFalse(String.valueOf(refused.getMessage()).isEmpty());
    }

    @Test
    void readsAChangeWithItsVersion() throws IOException {
        String patch = "{\"gone\":null,\"$version\":12}";
        assertEquals(new DesiredChange(patch, 12), TwinDocument.readChange(patch.getBytes(UTF_8)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{}", "{\"$version\":\"1\"}", "{\"a\":{\"$version\":1}}", "[1]"})
    void refusesAChangeWithoutAVersion(String text) {
        assertThrows(IOException.class, () -> TwinDocument.readChange(text.getBytes(UTF_8)));
    }

    @Test
    void givesThePatchAsItWasWritten() throws IOException {
        assertArrayEquals(" {\"a\":\"ö\"} ".getBytes(UTF_8), TwinDocument.patch(" {\"a\":\"ö\"} "));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "null", "[]", "{\"a\":1", "{\"a\":1}}", "{a:1}", "{\"a\":01}"})
    void refusesAPatchThatIsNoObject(String text) {
        UpstreamException refused = assertThrows(UpstreamException.class, () -> TwinDocument.patch(text));
        assertEquals(FailureKind.INVALID, refused.kind());
    }

    @Test
    void refusesAPatchOverTheLimitOfTwins() throws IOException {
        String most = "{\"a\":\"" + "x".repeat(TwinDocument.MAX_PATCH_BYTES - 8) + "\"}";
        assertEquals(TwinDocument.MAX_PATCH_BYTES, TwinDocument.patch(most).length);
        UpstreamException refused = assertThrows(UpstreamException.class, () -> TwinDocument.patch(most + " "));
        assertEquals(FailureKind.TOO_LARGE, refused.kind());
    }

    @Test
    void refusesEveryCharsetButUtf8() {
        for (Charset charset : List.of(UTF_16LE, UTF_16BE, UTF_16, Charset.forName("UTF-32"))) {
            byte[] json = "{\"$version\":1}".getBytes(charset);
            assertThrows(IOException.class, () -> TwinDocument.read(json));
            assertThrows(IOException.class, () -> TwinDocument.readChange(json));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            emptyValue = "",
            value = {
                "{\"errorCode\":400,\"info\":{\"message\":\"inner\"},\"message\":\"no\\u0021\"} | no!",
                "{\"Message\":\"ErrorCode:X\"} | ErrorCode:X",
                "{\"message\":1} | ''",
                "{\"message\":\"cut | ''",
                "[\"message\",\"x\"] | ''",
                "{} | ''",
            })
    void readsWhatARefusalSays(String json, String message) {
        assertEquals(message.replace("''", ""), TwinDocument.message(json.getBytes(UTF_8)));
    }

    @Test
    void readsNothingFromAnEmptyRefusal() {
        assertEquals("", TwinDocument.message(new byte[0]));
    }
}
