namespace Diffract.Tasks;

/// <summary>How reports look.</summary>
internal static class HtmlStyle
{
    public const string Css = """
        :root { color-scheme: light; }
        body { margin: 0; background: #fff; color: #22262b;
          font: 16px/1.55 system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
        main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
        h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 1.2rem; }
        h2 { font-size: 1.2rem; margin: 2.4rem 0 .8rem; padding-bottom: .3rem; border-bottom: 1px solid #e3e6ea; }
        p { max-width: 46rem; margin: .8rem 0; }
        .wide { overflow-x: auto; }
        table { border-collapse: collapse; margin: .8rem 0; font-size: .92rem; }
        caption { text-align: left; color: #5a626b; padding-bottom: .4rem; }
        th, td { padding: .35rem 1.6rem .35rem 0; text-align: left; vertical-align: top; }
        th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; }
        thead th { border-bottom: 2px solid #c9ced4; font-weight: 600; }
        tbody tr { border-bottom: 1px solid #eceef1; }
        .facts th { font-weight: 500; color: #5a626b; white-space: nowrap; }
        figure { margin: 1.2rem 0; }
        figure img { max-width: 100%; height: auto; }
        figcaption { color: #5a626b; font-size: .88rem; margin-top: .3rem; }
        .gallery { display: flex; flex-wrap: wrap; gap: .9rem; margin: 1rem 0; }
        .gallery figure { margin: 0; }
        .gallery img { display: block; border-radius: 3px; image-rendering: pixelated; }
        pre { background: #f6f7f9; border: 1px solid #e3e6ea; border-radius: 5px; padding: .8rem 1rem;
          overflow-x: auto; font: .86rem/1.5 ui-monospace, "SFMono-Regular", Consolas, monospace; }
        @media print { main { padding: 0; } figure, tr { break-inside: avoid; } }
        """;
}
