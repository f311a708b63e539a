// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

/** What both sides of NTLM say they can do, as far as it matters here (MS-NLMP section 2.2.2.5). */
final class NtlmFlags {
    static final int UNICODE = 0x1;
    static final int REQUEST_TARGET = 0x4;
    static final int NTLM = 0x200;
    static final int ALWAYS_SIGN = 0x8000;
    static final int EXTENDED_SESSION_SECURITY = 0x80000;
    static final int TARGET_INFO = 0x800000;
    static final int VERSION = 0x2000000;
    static final int KEYS_OF_128_BITS = 0x20000000;
    static final int KEYS_OF_56_BITS = 0x80000000;

    /** What we ask for: no signing, no sealing, so no keys to exchange; HTTP has no use for them. */
    static final int OURS = UNICODE
            | REQUEST_TARGET
            | NTLM
            | ALWAYS_SIGN
            | EXTENDED_SESSION_SECURITY
            | VERSION
            | KEYS_OF_128_BITS
            | KEYS_OF_56_BITS;

    private NtlmFlags() {}
}
