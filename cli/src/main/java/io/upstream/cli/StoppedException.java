// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

/** A signal came while there was nothing to finish. */
final class StoppedException extends Exception {
    private static final long serialVersionUID = 1L;

    StoppedException() {
        super("stopped");
    }
}
