// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.UpstreamException;

/**
 * What a conversation fails with when it was the proxy that judged, and did not take the credentials: others may be asked for. Everything else
 * that a conversation fails with says nothing about the credentials.
 */
final class CredentialsRefused extends Exception {
    private static final long serialVersionUID = 1L;

    private final UpstreamException failure;

    CredentialsRefused(UpstreamException failure) {
        super(failure.getMessage(), failure, false, false);
        this.failure = failure;
    }

    /** What the attempt fails with if there are no others. */
    UpstreamException failure() {
        return failure;
    }
}
