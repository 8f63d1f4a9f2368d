using System.Globalization;
using System.Xml.Linq;
using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

public sealed class PlotTests
{
    private static readonly XNamespace svg = "http://www.w3.org/2000/svg";

    private static XElement Parse(Plot plot) => XDocument.Parse(plot.ToSvg()).Root!;

    private static string[] Texts(Plot plot) => [.. Parse(plot).Descendants(svg + "text").Select(text => text.Value)];

    private static readonly Curve[] twoCurves =
        [new("training", [0, 1, 2, 3], [1, 0.1, double.NaN, 0.001]), new("validation", [0, 3], [0.5, 0.05])];

    [Test]
    public void Curves_carry_their_labels()
    {
        var plot = CurvePlot.Draw("Loss & more", "step", "loss", twoCurves, logY: true);

        Assert.That(Texts(plot),
            Is.SupersetOf(new[] { "Loss & more", "step", "loss", "training", "validation", "0.1" }));
    }

    [Test]
    public void Names_of_points_do_not_cover_each_other_and_stay_by_their_points()
    {
        (string Name, double X, double Y)[] points =
        [
            ("the highest", 0.4, 64.4), ("near the lowest", 0.43, 57), ("the same", 0.43, 57), ("lower", 0.46, 56.4),
            ("on the right", 2, 56.7), ("on the right, too", 1.9, 56.2), ("alone", 1.2, 28),
        ];
        var texts = Parse(PointPlot.Draw("Cost", "x", "y", points)).Descendants(svg + "text").ToArray();
        var places = points.ToDictionary(p => p.Name, p => Place(texts.Single(text => text.Value == p.Name)));

        Assert.That(places["near the lowest"].Y, Is.GreaterThan(places["the highest"].Y + 40));
        string[] left = ["near the lowest", "the same", "lower"], right = ["on the right", "on the right, too"];
        foreach (var group in (string[][])[left, right])
            Assert.That(group.Zip(group.Skip(1), (a, b) => places[b].Y - places[a].Y), Has.All.InRange(14 - 1e-9, 20));
        Assert.That(Texts(PointPlot.Draw("Cost", "x", "y", [])), Does.Contain("Cost"));

        static (double X, double Y) Place(XElement text)
        {
            var numbers = text.Attribute("transform")!.Value.Split('(', ')')[1].Split(',')
                .Select(number => double.Parse(number, CultureInfo.InvariantCulture)).ToArray();
            return (numbers[0], numbers[1]);
        }
    }

    [Test]
    public void A_logarithmic_scale_needs_a_positive_value()
    {
        Curve[] curves = [new("training", [0, 1], [0, -1])];

        Assert.That(CurvePlot.Draw("Loss", "step", "loss", curves, logY: true).ToSvg(),
            Is.EqualTo(CurvePlot.Draw("Loss", "step", "loss", curves).ToSvg()));
        Assert.That(CurvePlot.Draw("Loss", "step", "loss", twoCurves, logY: true).ToSvg(),
            Is.Not.EqualTo(CurvePlot.Draw("Loss", "step", "loss", twoCurves).ToSvg()));
    }

    [Test]
    public void Curves_of_nothing_and_of_one_point_can_be_drawn()
    {
        Assert.That(Texts(CurvePlot.Draw("Nothing", "x", "y", [])), Has.Some.EqualTo("Nothing"));
        Assert.That(Texts(CurvePlot.Draw("Gap", "x", "y", [new("a", [1], [double.NaN])])), Has.Some.EqualTo("Gap"));
        Assert.That(Texts(CurvePlot.Draw("Point", "x", "y", [new("a", [1], [2], 0.9)])), Has.Some.EqualTo("2"));
    }

    [Test]
    public void Curves_that_do_not_fit_are_refused()
    {
        Assert.That(() => CurvePlot.Draw("", "", "", [new("a", [1, 2], [1])]), Throws.TypeOf<ArgumentException>());
        Assert.That(() => CurvePlot.Draw("", "", "", [new("a", [1], [1], Smoothing: 1)]),
            Throws.TypeOf<ArgumentException>());
    }

    [Test]
    public void Large_square_maps_have_small_cells_without_numbers()
    {
        Plot Square(int side) => HeatMapPlot.Draw("Map", "x", "y", "v", Names(side), Names(side),
            new double[side, side], "0.00", (0, 1), square: true);
        static string[] Names(int count) => [.. Enumerable.Range(1, count).Select(i => $"{i}")];

        Assert.That(Texts(Square(20)), Has.Member("0.00"));
        Assert.That(Texts(Square(37)), Has.No.Member("0.00").And.Member("37"));
        Assert.That(Square(37).Width, Is.LessThan(900));
    }

    [Test]
    public void Bars_show_values_and_chance()
    {
        var plot = AccuracyPlot.Draw("Probe", [new("block <24>", new(813, 1000)), new("none", new(0, 0))], chance: 0.1);

        Assert.That(Texts(plot), Is.SupersetOf(new[] { "block <24>", "81.3", "no data" }));
        Assert.That(Texts(plot), Has.Some.Contains("chance (10 %)"));
    }

    [Test]
    public void A_heat_map_has_a_number_in_every_cell_that_has_one()
    {
        var plot = HeatMapPlot.Draw("Map", "t", "b", "accuracy in %", ["10", "90"], ["19", "24", "30"],
            new[,] { { 1.25, 2 }, { 3, double.NaN }, { 5, 6.75 } });

        Assert.That(Texts(plot),
            Is.SupersetOf(new[] { "1.3", "2.0", "3.0", "5.0", "6.8", "19", "24", "30", "10", "90" }));
        Assert.That(() => HeatMapPlot.Draw("", "", "", "", ["a"], ["b"], new double[1, 2]),
            Throws.TypeOf<ArgumentException>());
    }

    [Test]
    public void A_heat_map_of_one_cell_or_one_value_has_colour()
    {
        const string title = "A title that is longer than its map";
        var one = HeatMapPlot.Draw(title, "x", "y", "v", ["a"], ["b"], new[,] { { 0.5 } });

        Assert.That(one.ToSvg(), Does.Contain("rgb(124,123,120)").Or.Contain("#7c7b78").IgnoreCase, "the middle shade");
        Assert.That(one.Width, Is.GreaterThan(250), "the title has room");
    }

    [Test]
    public void A_confusion_matrix_shows_percent_of_rows()
    {
        var matrix = new ConfusionMatrix(["cat", "dog", "owl"]);
        for (var i = 0; i < 300; i++) matrix.Add(0, i == 0 ? 1 : 0);
        matrix.Add(1, 0);
        matrix.Add(1, 1);

        Assert.That(Texts(ConfusionPlot.Draw("Pets", matrix)),
            Is.SupersetOf(new[] { "cat", "dog", "owl", "100", "<1", "50" }));
    }

    [TestCase(40)]
    [TestCase(200)]
    public void Many_classes_stay_legible(int classes)
    {
        var matrix = new ConfusionMatrix([.. Enumerable.Range(0, classes).Select(i => $"class-{i}")]);
        for (var i = 0; i < classes; i++) for (var k = 0; k < 4; k++) matrix.Add(i, k < 2 || i != 7 ? i : 9);

        var texts = Texts(ConfusionPlot.Draw("Many", matrix));

        Assert.That(texts, Has.Some.EqualTo("class-7"));
        Assert.That(texts.Any(text => text == "any other"), Is.EqualTo(classes > 60));
    }

    [Test]
    public void Numbers_are_readable_on_every_colour_of_the_maps()
    {
        static double Linear(byte channel) =>
            channel <= 10 ? channel / 255.0 / 12.92 : Math.Pow((channel / 255.0 + 0.055) / 1.055, 2.4);
        static double Luminance(OxyPlot.OxyColor colour) =>
            0.2126 * Linear(colour.R) + 0.7152 * Linear(colour.G) + 0.0722 * Linear(colour.B);

        foreach (var ground in OxyPlot.OxyPalettes.Cividis(256).Colors)
        {
            var (a, b) = (Luminance(ground), Luminance(PlotStyle.InkOn(ground)));
            var contrast = (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
            Assert.That(contrast, Is.GreaterThan(4.5), $"{ground}");
        }
    }

    [Test]
    public void The_same_plot_is_the_same_text_whatever_the_culture()
    {
        var before = CultureInfo.CurrentCulture;
        var plot = CurvePlot.Draw("Loss", "step", "loss", twoCurves);
        var english = plot.ToSvg();
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo("") { NumberFormat = { NumberDecimalSeparator = "," } };

            Assert.That(CurvePlot.Draw("Loss", "step", "loss", twoCurves).ToSvg(), Is.EqualTo(english));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Test]
    public void A_plot_is_saved_where_no_folder_is_yet()
    {
        using var folder = new TemporaryFolder();

        CurvePlot.Draw("Loss", "step", "loss", twoCurves).Save(folder["new/loss.svg"]);

        Assert.That(XDocument.Load(folder["new/loss.svg"]).Root!.Name, Is.EqualTo(svg + "svg"));
    }
}
