// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import org.jspecify.annotations.Nullable;

/** The peer could not prove who it is: verification is never weakened, so somebody has to act. */
public final class TrustException extends UpstreamException {
    private static final long serialVersionUID = 1L;

    TrustException(FailureKind kind, Where where, String message, @Nullable Throwable cause) {
        super(kind, where, message, cause);
    }
}
