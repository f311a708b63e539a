// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** A file that only its owner can read, and that is there as a whole or not at all. */
final class SecretFile {
    private SecretFile() {}

    /** Replaces {@code file} by one line. What is made for a moment beside it has the owner's rights from the beginning on. */
    static void write(Path file, String line) throws IOException {
        Path absolute = file.toAbsolutePath();
        Path directory = absolute.getParent();
        if (directory == null) {
            throw new IOException("a directory");
        }
        Path made = Files.createTempFile(directory, ".upstream-", null);
        try {
            Files.writeString(made, line + "\n");
            Files.move(made, absolute, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(made);
        }
    }
}
