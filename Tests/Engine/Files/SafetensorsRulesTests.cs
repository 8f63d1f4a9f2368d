using System.Buffers.Binary;
using System.Text;
using Diffract.Engine;
using NUnit.Framework;

namespace Diffract.Tests;

/// <summary>Each rule of the format, broken alone.</summary>
public sealed class SafetensorsRulesTests
{
    private const string A = "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";

    [Test]
    public void The_least_and_the_plain_file_are_read()
    {
        using (var none = FileCases.Open(FileCases.Safetensors("{}"))) Assert.That(none, Is.Empty);
        using (var padded = FileCases.Open(FileCases.Safetensors("{}      \n\t "))) Assert.That(padded, Is.Empty);
        using var one = FileCases.Open(FileCases.Safetensors($"{{{A}}}", 8));
        Assert.That(one["a"].Shape, Is.EqualTo(Shape.Of(2)));
        using var escaped = FileCases.Open(FileCases.Safetensors(
            "{\"\\u0061\\n\":{\"\\u0064type\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}", 1));
        Assert.That(escaped.Keys, Is.EqualTo(new[] { "a\n" }));
    }

    [TestCase("[]", 0, "neither safetensors nor", 0)]
    [TestCase(" {}", 0, "neither safetensors nor", 0)]
    [TestCase("{", 0, "not valid JSON", 9)]
    [TestCase("{}{}", 0, "not valid JSON", 10)]
    [TestCase("{\"a\":1}", 0, "\"a\" is not described by a JSON object", 13)]
    [TestCase("{\"a\":{}}", 0, "\"a\" lacks dtype, shape or data_offsets", 14)]
    [TestCase("{\"a\":[[[[]]]]}", 0, "not valid JSON", 15)]
    [TestCase("{" + A + "," + A + "}", 8, "\"a\" appears twice", null)]
    [TestCase("{" + A + ",}", 8, "not valid JSON", null)]
    [TestCase("{" + A + "/**/}", 8, "not valid JSON", null)]
    [TestCase("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "__metadata__ appears twice", 27)]
    [TestCase("{\"__metadata__\":{\"k\":1}}", 0, "__metadata__ \"k\" is not a text", null)]
    [TestCase("{\"__metadata__\":{\"k\":{}}}", 0, "__metadata__ \"k\" is not a text", null)]
    [TestCase("{\"__metadata__\":{\"k\":\"\",\"k\":\"\"}}", 0, "__metadata__ \"k\" appears twice", null)]
    [TestCase("{\"__metadata__\":null}", 0, "not described by a JSON object", null)]
    [TestCase("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        8, "property twice", null)]
    [TestCase("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}}",
        8, "unknown property \"x\"", null)]
    [TestCase("{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]}}",
        8, "dtype \"F8_E4M3\"; known are", null)]
    [TestCase("{\"a\":{\"dtype\":4,\"shape\":[8],\"data_offsets\":[0,8]}}",
        8, "the dtype of \"a\" is not a text", null)]
    [TestCase("{\"a\":{\"dtype\":\"F32\",\"shape\":2,\"data_offsets\":[0,8]}}",
        8, "the shape of \"a\" is not a list", null)]
    [TestCase("{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "whole numbers", null)]
    [TestCase("{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", 8, "whole numbers", null)]
    [TestCase("{\"a\":{\"dtype\":\"F32\",\"shape\":[2e0],\"data_offsets\":[0,8]}}", 8, "whole numbers", null)]
    [TestCase("{\"a\":{\"dtype\":\"F32\",\"shape\":[\"2\"],\"data_offsets\":[0,8]}}", 8, "whole numbers", null)]
    [TestCase("{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}",
        1, "more than 8 numbers", null)]
    [TestCase("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, "not a begin and an end", null)]
    [TestCase("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0]}}", 8, "not a begin and an end", null)]
    [TestCase("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}}", 8, "more than 2 numbers", null)]
    [TestCase("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7,
        "the file is cut off: it should have 70 bytes, and has 69", 69)]
    [TestCase("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,9223372036854775807]}}",
        8, "does not fit", null)]
    [TestCase("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,18446744073709551615]}}",
        8, "whole numbers", null)]
    [TestCase("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, "does not fit its 8 bytes", null)]
    [TestCase("{\"a\":{\"dtype\":\"F64\",\"shape\":[2305843009213693953],\"data_offsets\":[0,8]}}",
        8, "does not fit", null)]
    [TestCase("{\"a\":{\"dtype\":\"U8\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0, "2^63", null)]
    [TestCase("{" + A + "}", 9, "1 bytes after the last tensor", 70)]
    [TestCase("{}", 1, "1 bytes after the last tensor", 10)]
    [TestCase("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[1,9]}}", 9, "a hole", 62)]
    [TestCase("{" + A + ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[12,20]}}", 20, "a hole", null)]
    [TestCase("{" + A + ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}",
        12, "another tensor is", null)]
    [TestCase("{" + A + ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
        8, "another tensor is", null)]
    [TestCase("{\"\\ud800\":{}}", 0, "half of a surrogate pair", 9)]
    public void A_broken_rule_is_named_with_its_place(string header, int dataBytes, string problem, int? at)
    {
        var file = FileCases.Safetensors(header, dataBytes);
        var error = Assert.Throws<FileFormatException>(() => FileCases.Open(file).Dispose());
        Assert.That(error.Message, Does.Contain(problem).And.StartWith($"case: byte {error.Offset}: "));
        if (at is not null) Assert.That(error.Offset, Is.EqualTo(at));
    }

    [Test]
    public void Empty_tensors_take_no_room_wherever_they_stand()
    {
        using var file = FileCases.Open(FileCases.Safetensors(
            "{\"x\":{\"dtype\":\"F32\",\"shape\":[0,3],\"data_offsets\":[8,8]},"
            + "\"y\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}," + A + "}", 8));
        using var last = FileCases.Open(FileCases.Safetensors(
            "{" + A + ",\"x\":{\"dtype\":\"F32\",\"shape\":[0,3],\"data_offsets\":[0,0]}}", 8));
        Assert.That(last.Count, Is.EqualTo(2));
        Assert.That(file["x"].ToArray<float>(), Is.Empty);
        Assert.That(file["x"].Shape, Is.EqualTo(Shape.Of(0, 3)));
    }

    [Test]
    public void Text_that_is_not_utf8_is_refused_at_its_byte()
    {
        var header = Encoding.Latin1.GetBytes("{\"__metadata__\":{\"k\":\"\u00e9\"}}");
        var file = FileCases.Safetensors(header, 0);
        var error = Assert.Throws<FileFormatException>(() => FileCases.Open(file).Dispose());
        Assert.That(error.Message, Does.Contain("UTF-8"));
        Assert.That(error.Offset, Is.EqualTo(8 + 22));
    }

    [TestCase(100_000_001UL, "longer than the format allows")]
    [TestCase(ulong.MaxValue, "longer than the format allows")]
    [TestCase(100_000_000UL, "the file ends before the header does")]
    [TestCase(0UL, "not a JSON object")]
    [TestCase(3UL, "the file ends before the header does")]
    public void A_huge_header_is_refused_before_room_is_made_for_it(ulong length, string problem)
    {
        var file = FileCases.Safetensors("{}");
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<FileFormatException>(() => FileCases.Open(file).Dispose());
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(100_000));
        Assert.That(error.Message, Does.Contain(problem));
    }

    [Test]
    public void Every_shorter_file_is_refused()
    {
        var whole = FileCases.Safetensors($"{{{A}}}", 8);
        for (var length = 0; length < whole.Length; length++)
        {
            var error = Assert.Throws<FileFormatException>(() => FileCases.Open(whole[..length]).Dispose());
            Assert.That(error.Offset, Is.InRange(0, length), error.Message);
        }
    }

    [Test]
    public void Bools_are_0_or_1()
    {
        var bytes = FileCases.Safetensors("{\"b\":{\"dtype\":\"BOOL\",\"shape\":[3],\"data_offsets\":[0,3]}}", 3);
        (bytes[^3], bytes[^2], bytes[^1]) = (1, 0, 2);
        using var file = FileCases.Open(bytes);
        var error = Assert.Throws<FileFormatException>(() => _ = file["b"]);
        Assert.That(error.Message, Does.Contain("the value 2"));
        Assert.That(error.Offset, Is.EqualTo(bytes.Length - 1));
        Assert.That(file.Verify, Throws.InstanceOf<FileFormatException>());
    }

    [Test]
    public void Memory_stays_a_small_multiple_of_a_file_that_is_all_header()
    {
        var header = new StringBuilder("{");
        const int tensors = 20_000;
        for (var i = 0; i < tensors; i++)
            header.Append(i > 0 ? "," : "")
                .Append($"\"{i:x}\":{{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[{i},{i + 1}]}}");
        var content = FileCases.Safetensors(header.Append('}').ToString(), tensors);
        FileCases.Open(content).Dispose();
        var before = GC.GetAllocatedBytesForCurrentThread();
        FileCases.Open(content).Dispose();
        var share = (GC.GetAllocatedBytesForCurrentThread() - before) / (double)content.Length;
        Assert.That(share, Is.LessThan(3));
        TestContext.Out.WriteLine($"{share:0.00} bytes of memory a byte of the file");
    }
}
