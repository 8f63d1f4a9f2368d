using System.Globalization;
using System.Xml.Linq;
using Diffract.Tasks;
using NUnit.Framework;
using OxyPlot;

namespace Diffract.Tests.Tasks;

public sealed class PlotTests
{
    private static readonly XNamespace svg = "http://www.w3.org/2000/svg";

    private static XElement Parse(Plot plot) => XDocument.Parse(plot.ToSvg()).Root!;

    private static string[] Texts(Plot plot) => [.. Parse(plot).Descendants(svg + "text").Select(text => text.Value)];

    private static double[] Numbers(Plot plot) => [.. Texts(plot)
        .Where(text => double.TryParse(text, CultureInfo.InvariantCulture, out _))
        .Select(text => double.Parse(text, CultureInfo.InvariantCulture))];

    private static (double X, double Y) Place(XElement text)
    {
        var numbers = text.Attribute("transform")!.Value.Split('(', ')')[1].Split(',')
            .Select(number => double.Parse(number, CultureInfo.InvariantCulture)).ToArray();
        return (numbers[0], numbers[1]);
    }

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
    public void Names_cover_no_point_and_no_other_name_and_stay_by_their_own_point()
    {
        // Accuracy and arithmetic of ten methods: two at one place, three close together.
        ScreenPoint[] points =
        [
            new(114, 339), new(114, 137), new(114, 123), new(116, 66), new(130, 128), new(687, 87), new(514, 104),
            new(490, 109), new(401, 98), new(400, 97),
        ];
        var area = new OxyRect(68, 45, 664, 315);
        var places = NamePlaces.Find(points, [.. points.Select((_, i) => new OxySize(40 + 10 * i, 14))], area);

        for (var i = 0; i < points.Length; i++)
        {
            var box = places[i].Box;
            Assert.That((box.Left, box.Top, box.Right, box.Bottom), Is.EqualTo((Math.Max(box.Left, area.Left),
                Math.Max(box.Top, area.Top), Math.Min(box.Right, area.Right), Math.Min(box.Bottom, area.Bottom))));
            for (var j = 0; j < points.Length; j++)
            {
                var point = points[j];
                Assert.That(box.Left < point.X + 4 && box.Right > point.X - 4 && box.Top < point.Y + 4
                    && box.Bottom > point.Y - 4, Is.False, $"name {i} on point {j}");
                var other = places[j].Box;
                Assert.That(i != j && box.Left < other.Right && box.Right > other.Left && box.Top < other.Bottom
                    && box.Bottom > other.Top, Is.False, $"names {i} and {j}");
            }
            var to = places[i].Leader ?? points[i];
            var across = Math.Max(box.Left - to.X, to.X - box.Right);
            var down = Math.Max(box.Top - to.Y, to.Y - box.Bottom);
            Assert.That(Math.Max(across, down), Is.LessThan(10), $"name {i} is by its point, or a line leads to it");
        }
        Assert.That(places.Count(place => place.Leader is null), Is.GreaterThan(5));
        Assert.That(places[0].Box.Left, Is.GreaterThan(points[0].X), "a name alone stands on the right");
        Assert.That(places[5].Box.Right, Is.LessThan(points[5].X), "where there is no room, on the left");
    }

    [Test]
    public void Names_of_points_are_drawn_with_lines_to_those_that_are_far()
    {
        (string Name, double X, double Y)[] heap =
            [.. Enumerable.Range(0, 9).Select(i => ($"the name of point {i}", 1 + 0.01 * (i % 3), 1 + 0.01 * (i / 3)))];
        var plot = Parse(PointPlot.Draw("Cost", "x", "y", [.. heap, ("far away", 3, 3)]));

        Assert.That(plot.Descendants(svg + "text").Select(text => text.Value),
            Is.SupersetOf(heap.Select(point => point.Name).Append("far away")));
        Assert.That(plot.Descendants(svg + "polyline").Count(line => line.Attribute("shape-rendering") is null),
            Is.InRange(3, 9), "lines to names; those of the grid have sharp edges");
        Assert.That(Texts(PointPlot.Draw("Cost", "x", "y", [])), Does.Contain("Cost"));
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(4)]
    public void Epochs_have_whole_numbers(int count)
    {
        double[] epochs = [.. Enumerable.Range(1, count).Select(e => (double)e)];
        var plot = CurvePlot.Draw("Accuracy", "epoch", "percent",
            [new("a", epochs, [.. epochs.Select(_ => 0.0)]), new("b", epochs, [.. epochs.Select(_ => 100.0)])]);

        Assert.That(Texts(plot), Has.Member($"{count}"));
        Assert.That(Numbers(plot), Has.All.Matches<double>(double.IsInteger));
    }

    [Test]
    public void Percentages_end_at_a_hundred()
    {
        foreach (var values in (double[][])[[0], [100], [0, 100], [99, 100]])
        {
            Curve curve = new("a", [.. values.Select((_, i) => i + 1.0)], values);
            Assert.That(Numbers(CurvePlot.Draw("A", "epoch", "percent", [curve], percent: true)),
                Has.All.InRange(0, 100));
        }
        var bars = AccuracyPlot.Draw("B", [new("all", new(50, 50)), new("none", new(0, 50))]);
        Assert.That(Texts(bars), Has.Member("100.0"), "the value of the first bar");
        var last = Place(Parse(bars).Descendants(svg + "text").Single(text => text.Value == "100")).X;
        var ends = Parse(bars).Descendants(svg + "polyline").SelectMany(line => line.Attribute("points")!.Value.Split())
            .Select(point => double.Parse(point.Split(',')[0], CultureInfo.InvariantCulture));
        Assert.That(ends.Max(), Is.EqualTo(last).Within(0.1), "the axis ends at its last tick");
    }

    [Test]
    public void Letters_below_the_line_reach_below_it()
    {
        foreach (var letter in "0123456789abcdefghijklmnopqrstuvwxyz")
        {
            var image = new Image(6, PixelFont.Height);
            Array.Fill(image.Pixels, (byte)255);
            PixelFont.Write(image, $"{letter}", 0, 0);
            Assert.That(image.Crop(0, 7, 6, 2).Pixels.Any(p => p < 255),
                Is.EqualTo("gjpqy".Contains(letter, StringComparison.Ordinal)), $"{letter}");
            Assert.That(image.Crop(0, 0, 6, 7).Pixels, Has.Some.LessThan(255), $"{letter}");
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
