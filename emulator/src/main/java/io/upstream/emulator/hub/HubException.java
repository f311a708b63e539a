// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

/** The hub refused; {@link #error} says why in its own terms. Never carries a secret. */
public final class HubException extends Exception {
    private static final long serialVersionUID = 1L;

    private final HubError error;

    public HubException(HubError error, String message) {
        super(message);
        this.error = error;
    }

    public HubError error() {
        return error;
    }
}
