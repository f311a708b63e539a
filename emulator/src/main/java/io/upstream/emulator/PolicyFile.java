// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator;

import io.upstream.emulator.hub.ServicePolicy;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.List;

/** Keeps the keys of the owner's policy in the emulator's directory, one in a line, for its owner's eyes only. */
final class PolicyFile {
    static final String NAME = ServicePolicy.OWNER + ".keys";

    private PolicyFile() {}

    /**
     * Reads the keys; makes them on first use.
     *
     * @throws IOException if the file cannot be read or written, or holds something else
     */
    static ServicePolicy openOrCreate(Path directory) throws IOException {
        Path file = directory.resolve(NAME);
        if (!Files.exists(file)) {
            ServicePolicy made = ServicePolicy.create();
            write(directory, file, List.of(made.primaryKey(), made.secondaryKey()));
            return made;
        }
        try {
            List<String> keys = Files.readAllLines(file, StandardCharsets.US_ASCII);
            if (keys.size() == 2) {
                return new ServicePolicy(ServicePolicy.OWNER, keys.get(0), keys.get(1));
            }
        } catch (IllegalArgumentException e) {
            throw new IOException(file + " holds something else than two keys; delete it to make new ones", e);
        }
        throw new IOException(file + " must have two lines, a key in each; delete it to make new ones");
    }

    /** A temporary file is private from the beginning. */
    private static void write(Path directory, Path file, List<String> lines) throws IOException {
        Path beside = Files.createTempFile(directory, NAME, ".tmp");
        if (Files.getFileStore(beside).supportsFileAttributeView("posix")) {
            Files.setPosixFilePermissions(
                    beside, EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE));
        }
        Files.write(beside, lines, StandardCharsets.US_ASCII);
        Files.move(beside, file);
    }
}
