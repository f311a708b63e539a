// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import org.jspecify.annotations.Nullable;

/** The peer broke the protocol or speaks another one. */
public final class ProtocolException extends UpstreamException {
    private static final long serialVersionUID = 1L;

    ProtocolException(FailureKind kind, Where where, String message, @Nullable Throwable cause) {
        super(kind, where, message, cause);
    }
}
