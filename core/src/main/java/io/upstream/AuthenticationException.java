// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import org.jspecify.annotations.Nullable;

/** The hub does not take the identity's key, token or certificate. */
public final class AuthenticationException extends UpstreamException {
    private static final long serialVersionUID = 1L;

    AuthenticationException(FailureKind kind, Where where, String message, @Nullable Throwable cause) {
        super(kind, where, message, cause);
    }
}
