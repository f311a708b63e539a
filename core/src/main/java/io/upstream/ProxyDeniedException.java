// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import org.jspecify.annotations.Nullable;

/** The proxy does not let this host or port through. */
public final class ProxyDeniedException extends UpstreamException {
    private static final long serialVersionUID = 1L;

    ProxyDeniedException(FailureKind kind, Where where, String message, @Nullable Throwable cause) {
        super(kind, where, message, cause);
    }
}
