// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Whose certificates are believed: always the system's roots, and those of a PEM file beside them. Both files are looked at again
 * for each connection attempt. There is no way to believe everybody.
 */
public final class Trust {
    private static final Trust SYSTEM = new Trust(Optional.empty());

    private final Optional<Path> bundle;

    private Trust(Optional<Path> bundle) {
        this.bundle = bundle;
    }

    /** The Java platform's roots only. */
    public static Trust system() {
        return SYSTEM;
    }

    /** The platform's roots and the certificates of a PEM file. */
    public static Trust systemAnd(Path pem) {
        return new Trust(Optional.of(pem.toAbsolutePath()));
    }

    /** The file of further roots. */
    public Optional<Path> bundle() {
        return bundle;
    }

    @Override
    public String toString() {
        return bundle.map(path -> "Trust[system and " + path + "]").orElse("Trust[system]");
    }
}
