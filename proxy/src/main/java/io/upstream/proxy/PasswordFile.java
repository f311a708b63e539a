// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UserPassword;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A password that stands in a file, as a secret store puts it there: read anew for each connection, so that it can be changed.
 *
 * @param user whose password it is
 */
record PasswordFile(String user, Path file) {
    private static final int MAX_BYTES = 4 << 10;

    /** @throws UpstreamException if the file cannot be read or holds no password; its text is not repeated */
    UserPassword read() throws UpstreamException {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(MAX_BYTES + 1);
            if (bytes.length > MAX_BYTES) {
                throw unusable(
                        "has more than " + MAX_BYTES + " bytes: it should hold the password and nothing else", null);
            }
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            String password = text.replaceFirst("\\r?\\n\\z", "");
            if (password.isEmpty() || password.chars().anyMatch(Character::isISOControl)) {
                throw unusable("does not hold one line: write the password there, and nothing else", null);
            }
            return new UserPassword(user, password);
        } catch (CharacterCodingException e) {
            throw unusable("is not in UTF-8", e);
        } catch (UpstreamException e) {
            throw e;
        } catch (IOException e) {
            throw unusable("cannot be read: check its name and its permissions", e);
        }
    }

    private UpstreamException unusable(String why, @Nullable Exception cause) {
        return UpstreamException.of(
                FailureKind.CONFIGURATION,
                Where.here("proxy"),
                "the file of the proxy's password, " + file + ", " + why,
                cause);
    }

    @Override
    public String toString() {
        return "PasswordFile[" + file + "]";
    }
}
