// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import org.jspecify.annotations.Nullable;

/** The network, the proxy or the hub is not there at the moment. */
public final class NetworkException extends UpstreamException {
    private static final long serialVersionUID = 1L;

    NetworkException(FailureKind kind, Where where, String message, @Nullable Throwable cause) {
        super(kind, where, message, cause);
    }
}
