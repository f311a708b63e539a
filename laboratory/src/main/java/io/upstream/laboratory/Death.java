// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

/** How a connection dies. */
public enum Death {
    /** Reset by what lies between. */
    RESET,
    /** Ended by what lies between: FIN, without a word of TLS. */
    END,
    /** Reset in the middle of a message; attempts to come back die in the same way until the loss is noticed. */
    MIDST,
    /** Closed by the hub, as it closes when it restarts. */
    SHUT_DOWN,
    /** Ended by the hub, as after an error. */
    KILLED
}
