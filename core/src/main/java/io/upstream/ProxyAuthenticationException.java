// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import org.jspecify.annotations.Nullable;

/** The proxy wants credentials, or does not take those it was given. */
public final class ProxyAuthenticationException extends UpstreamException {
    private static final long serialVersionUID = 1L;

    ProxyAuthenticationException(FailureKind kind, Where where, String message, @Nullable Throwable cause) {
        super(kind, where, message, cause);
    }
}
