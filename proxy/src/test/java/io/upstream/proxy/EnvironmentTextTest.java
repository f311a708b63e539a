// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EnvironmentTextTest {
    private static final String URL = "http://user:p:a@s%ö@proxy.example:3128";

    @TempDir
    private Path directory;

    private EnvironmentText text(Charset charset) throws IOException {
        Path file = directory.resolve("environ");
        Files.write(file, ("PATH=/bin\0https_proxy=" + URL + "\0LANG=C\0").getBytes(charset));
        return new EnvironmentText(file);
    }

    private static String lossy(Charset charset) {
        return new String(URL.getBytes(charset), StandardCharsets.US_ASCII);
    }

    @Test
    void recoversWhatALocaleWithoutAnEncodingHasLost() throws IOException {
        assertEquals(
                Optional.of(URL), text(StandardCharsets.UTF_8).recover("https_proxy", lossy(StandardCharsets.UTF_8)));
    }

    @Test
    void leavesAValueAloneThatIsNotOfThisProcess() throws IOException {
        EnvironmentText text = text(StandardCharsets.UTF_8);
        assertEquals(Optional.empty(), text.recover("https_proxy", "http://other:\uFFFD@proxy.example:3128"));
        assertEquals(Optional.empty(), text.recover("HTTPS_PROXY", lossy(StandardCharsets.UTF_8)));
    }

    @Test
    void doesNotGuessAnotherEncodingThanUtf8() throws IOException {
        EnvironmentText text = text(StandardCharsets.ISO_8859_1);
        assertEquals(Optional.empty(), text.recover("https_proxy", lossy(StandardCharsets.ISO_8859_1)));
    }

    @Test
    void findsNothingWhereThereIsNoSuchFile() {
        EnvironmentText nowhere = new EnvironmentText(directory.resolve("missing"));
        assertEquals(Optional.empty(), nowhere.recover("https_proxy", lossy(StandardCharsets.UTF_8)));
    }
}
