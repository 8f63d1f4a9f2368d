using Diffract.Tasks;
using NUnit.Framework;

namespace Diffract.Tests.Tasks;

public sealed class ContactSheetTests
{
    [Test]
    public void Pictures_lie_in_rows_with_gaps_between()
    {
        var images = Enumerable.Range(0, 5).Select(seed => Pictures.Noise(4, 3, seed)).ToArray();

        var sheet = ContactSheet.Make(images, columns: 2, gap: 1);

        Assert.That((sheet.Width, sheet.Height), Is.EqualTo((11, 13)));
        for (var i = 0; i < 5; i++)
            Assert.That(sheet.Crop(1 + i % 2 * 5, 1 + i / 2 * 4, 4, 3).Pixels, Is.EqualTo(images[i].Pixels));
        Assert.That(sheet.Crop(0, 0, 11, 1).Pixels, Is.All.EqualTo(245));
        Assert.That(sheet.Crop(6, 9, 5, 4).Pixels, Is.All.EqualTo(245), "the cell that is left over");
    }

    [Test]
    public void Smaller_pictures_lie_in_the_middle_of_their_cells_and_pixels_can_be_enlarged()
    {
        var small = Pictures.Noise(2, 2, 1);

        var sheet = ContactSheet.Make([new Image(4, 4), small], columns: 2, gap: 0, zoom: 3);

        Assert.That((sheet.Width, sheet.Height), Is.EqualTo((24, 12)));
        Assert.That(sheet.Crop(15, 3, 6, 6).Resize(2, 2, Resampling.Box).Pixels, Is.EqualTo(small.Pixels));
    }

    [TestCase(1, 1, 1)]
    [TestCase(9, 3, 3)]
    [TestCase(10, 4, 3)]
    public void Without_a_number_of_columns_the_sheet_is_nearly_square(int count, int columns, int rows)
    {
        var sheet = ContactSheet.Make([.. Enumerable.Repeat(new Image(1, 1), count)], gap: 0);

        Assert.That((sheet.Width, sheet.Height), Is.EqualTo((columns, rows)));
    }

    [Test]
    public void A_sheet_needs_a_picture() =>
        Assert.That(() => ContactSheet.Make([]), Throws.TypeOf<ArgumentException>());
}
