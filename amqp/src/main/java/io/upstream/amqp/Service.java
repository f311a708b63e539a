// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.Identity;

/** What a hub offers each identity on a pair of links. */
enum Service {
    /** Both halves have 32 KiB, in characters of which each may have four bytes. */
    TWIN("twin", "the twin", 2 * 4 * 32 * 1024 + 64 * 1024),

    /** A call has 128 KiB, and as much again is left for what is around it. */
    METHODS("methods", "direct methods", 2 * 128 * 1024);

    private final String label;
    private final String text;
    private final int maxMessageBytes;

    Service(String label, String text, int maxMessageBytes) {
        this.label = label;
        this.text = text;
        this.maxMessageBytes = maxMessageBytes;
    }

    /** As the hub calls it. */
    String label() {
        return label;
    }

    /** For people, after "the links for". */
    String text() {
        return text;
    }

    /** The longest message that comes of it. */
    int maxMessageBytes() {
        return maxMessageBytes;
    }

    String address(Identity identity) {
        return switch (this) {
            case TWIN -> HubAddresses.twin(identity);
            case METHODS -> HubAddresses.methods(identity);
        };
    }
}
